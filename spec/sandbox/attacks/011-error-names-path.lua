-- goal: raise a table that looks like the engine's own error
-- class: result
-- runs: 1
error({ class = "fact_unknown", path = "x", what = "y" })
