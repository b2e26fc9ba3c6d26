"""How rows are made: recipe, runner, stages, readers, engines, tasks and the command line."""
