--- When a window of time that holds closes, for rules with `until: window`.
local time = require "sentinel.time"

local closing = {}

local MINUTE_S <const> = 60

--- No session is longer.
closing.MOST_S = 12 * 3600

--- Seconds from epoch, at which the condition on time (conditions.lua) holds, until it first does
-- not, or nil where that is not within the longest session. Every minute is looked at as the
-- condition looks at it: a change of the clocks needs no thought of its own.
function closing.seconds_left(condition, epoch)
  local here = host.local_time(condition.zone, epoch)
  for left = here and MINUTE_S - here.sec or closing.MOST_S, closing.MOST_S, MINUTE_S do
    local minute = host.local_minute(condition.zone, epoch + left)
    if not minute or not time.holds(condition.value, condition.days, minute) then
      return left
    end
  end
  return nil
end

return closing
