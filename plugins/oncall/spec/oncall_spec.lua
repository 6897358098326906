local ARGS = { schedule = "PSCHED1", email_domain = "example.com" }

local function shift(email, more)
  local entry = {
    user = { id = "PUSER", email = email }, schedule = { id = "PSCHED1" }, escalation_level = 1,
    start = "2026-01-19T04:00:00-05:00", ["end"] = "2026-01-19T17:00:00Z",
  }
  for name, value in pairs(more or {}) do
    entry[name] = value
  end
  return entry
end

local function freeze_clock()
  freeze("2026-01-19T10:00:00Z")
end

local function answers(entries, more, offset)
  mock.http {
    need = "pagerduty", params = { offset = offset or "0" },
    json = { oncalls = entries, more = more or false },
  }
end

describe("oncall with PagerDuty", function()
  before_each(freeze_clock)

  it("holds for who is on call", function()
    answers { shift("bob@example.com"), shift("Alice@example.com") }
    local verdict, detail = plugin(ARGS, { user = "alice" })
    assert.is_true(verdict)
    assert.equal("alice@example.com is on call in schedule PSCHED1", detail)
  end)

  it("does not hold for anybody else", function()
    answers { shift("bob@example.com") }
    local verdict, detail = plugin(ARGS, { user = "alice" })
    assert.is_false(verdict)
    assert.equal("alice@example.com is not on call in schedule PSCHED1", detail)
  end)

  it("does not hold for a session with the name of who is on call", function()
    answers { shift("alice@example.com") }
    assert.is_false((plugin(ARGS, { user = "role/Ops/alice" })))
    assert.is_false((plugin(ARGS, { user = "federated/alice@example.com" })))
  end)

  it("does not take another account's user for its own", function()
    answers { shift("2/alice@example.com") }
    local request = { user = { name = "2/alice", kind = "user" } }
    assert.is_false((plugin(ARGS, request)))
    local args = { schedule = "PSCHED1", users = { "2/alice=2/alice@example.com" } }
    assert.is_true((plugin(args, request)))
  end)

  it("holds during the shift only", function()
    answers { shift("alice@example.com") }
    for time, wanted in pairs {
      ["2026-01-19T08:59:59Z"] = false, ["2026-01-19T09:00:00Z"] = true,
      ["2026-01-19T16:59:59Z"] = true, ["2026-01-19T17:00:00Z"] = false,
    } do
      freeze(time)
      assert.equal(wanted, (plugin(ARGS, { user = "alice" })))
    end
  end)

  it("counts no entry of another schedule", function()
    answers { shift("alice@example.com", { schedule = { id = "PSCHED2" } }) }
    assert.is_false((plugin(ARGS, { user = "alice" })))
  end)

  it("reads the next page", function()
    answers({ shift("bob@example.com") }, true)
    answers({ shift("alice@example.com") }, false, "15")
    assert.is_true((plugin(ARGS, { user = "alice" })))
  end)

  it("denies on an error", function()
    for _, status in ipairs { 400, 401, 403, 404 } do
      mock.http { need = "pagerduty", params = { schedule = "P" .. status }, status = status,
        json = { error = { code = 1 } } }
      local verdict, _, class = plugin({ schedule = "P" .. status, email_domain = "example.com" },
        { user = "alice" })
      assert.is_nil(verdict)
      assert.equal("plugin_error", class)
    end
  end)

  it("denies when the server fails", function()
    mock.http { need = "pagerduty", status = 500, text = "sorry" }
    local verdict, _, class = plugin(ARGS, { user = "alice" })
    assert.is_nil(verdict)
    assert.equal("fact_unavailable", class)
  end)

  it("denies on a time-out", function()
    mock.http { need = "pagerduty", fault = "timeout" }
    local verdict, _, class = plugin(ARGS, { user = "alice" })
    assert.is_nil(verdict)
    assert.equal("plugin_timeout", class)
  end)

  it("denies when it does not know who the user is", function()
    local verdict, detail, class = plugin({ schedule = "PSCHED1" }, { user = "alice" })
    assert.is_nil(verdict)
    assert.equal("plugin_error", class)
    assert.matches("needs email_domain or users", detail)
  end)
end)

describe("oncall with Opsgenie", function()
  before_each(freeze_clock)

  it("holds for who is among the recipients", function()
    mock.http {
      need = "opsgenie", json = { data = { onCallRecipients = { "alice@example.com" } } },
    }
    local args = { provider = "opsgenie", schedule = "s1", email_domain = "example.com" }
    assert.is_true((plugin(args, { user = "alice" })))
    assert.is_false((plugin(args, { user = "bob" })))
  end)
end)

describe("oncall with Jira Service Management", function()
  before_each(freeze_clock)

  it("holds for whose account is on call", function()
    mock.http { need = "jsm", json = { onCallUsers = { "557058:a1" } } }
    local args = {
      provider = "jsm", cloud_id = "c1", schedule = "s1",
      users = { "alice=557058:a1", "bob=557058:A1" },
    }
    assert.is_true((plugin(args, { user = "alice" })))
    assert.is_false((plugin(args, { user = "bob" })))
  end)
end)
