"""Other homes of the models: servers and clusters that the tests of tests/engines start themselves."""
