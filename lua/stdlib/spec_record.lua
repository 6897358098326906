--- A case where answers are recorded (`sentinel test --record`): what no mock answers is asked for
-- real by the core, and the case is run again from its start (src/policy/spec_record.c).
--
-- MUST
--  1. count what a case came to only when nothing was missing: no pcall of a spec hides a question;
--  2. ask for nothing that is known.
local needs = require "sentinel.needs"
local reply = require "sentinel.reply"
local spec_runner = require "sentinel.spec_runner"

local spec_record = {}

local ASKED_MAX = 17 -- one more than a case may ask: the core says so

local recorder = {}
recorder.__index = recorder

--- The fact that answers a need; nil after the need was noted.
function recorder:find(need)
  local key = needs.key(need)
  local fact = self.known[key]
  if not fact and not self.noted[key] and #self.asked < ASKED_MAX then
    self.noted[key] = true
    table.insert(self.asked, need)
  end
  return fact
end

--- Ends the decision that lacks an answer.
function recorder:check()
  if #self.asked > 0 then
    error("an answer has yet to be asked", 0)
  end
end

--- Runs one case, counted from 0: its result (spec_runner.lua), or {"needs":[...]}.
-- @param facts those that were had so far, as in needs.index
function spec_record.run(spec, number, facts)
  spec.recorder = setmetatable({ known = needs.index(facts), noted = {}, asked = {} }, recorder)
  local result = spec_runner.run(spec, number, true)
  return #spec.recorder.asked > 0 and reply.encode_needs(spec.recorder.asked) or result
end

return spec_record
