"""The dashboard: what one wants to turn by hand, drawn from named questions.

app       the cells: which question fills which part of the page
charts    answers as pictures
parts     answers as tables, tiles and sentences
look.css  how both look

Nothing is worked out here: a figure that no question answers yet is a new question.
"""
