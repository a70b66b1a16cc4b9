"""The dashboard: what one wants to turn by hand, drawn from named questions.

app       the cells: what can be chosen, and in which order the parts stand
sections  each part of the page: what it asks, what it shows of the answers, and what it says where there are none
charts    answers as pictures; `drawing` is how these look
tables    answers as tables
parts     tiles, sentences and headings around them
look.css  how all of it looks

Nothing is worked out here: a figure that no question answers yet is a new question.
"""
