local JIRA = { projects = { "INC" }, site = "acme", email_domain = "example.com" }
local SERVICENOW = {
  provider = "servicenow", projects = { "CHG" }, site = "acme", email_domain = "example.com",
}

local function issue(category, email)
  return {
    key = "INC-123",
    fields = {
      status = { name = "A status", statusCategory = { key = category } },
      assignee = { accountId = "id-1", emailAddress = email or "alice@example.com" },
    },
  }
end

local function both(value, shown)
  return { value = value, display_value = shown or value }
end

local function asks(user, justification)
  return { user = user, justification = justification or "INC-123: the queue is stuck" }
end

describe("ticket with Jira", function()
  it("holds for the assignee of an open ticket", function()
    mock.http { need = "jira", params = { key = "INC-123" }, json = issue("indeterminate") }
    local verdict, detail = plugin(JIRA, asks("alice"))
    assert.is_true(verdict)
    assert.equal("alice@example.com is assignee of INC-123", detail)
  end)

  it("does not hold for anybody else", function()
    mock.http { need = "jira", json = issue("new") }
    local verdict, detail = plugin(JIRA, asks("bob"))
    assert.is_false(verdict)
    assert.equal("bob@example.com is not assignee of INC-123", detail)
    assert.is_false((plugin(JIRA, asks("role/Ops/alice"))))
  end)

  it("does not hold for a ticket that is done", function()
    mock.http { need = "jira", json = issue("done") }
    local verdict, detail = plugin(JIRA, asks("alice"))
    assert.is_false(verdict)
    assert.equal("INC-123 is not open: A status", detail)
  end)

  it("does not hold for a ticket that is not there", function()
    mock.http { need = "jira", status = 404, json = { errorMessages = { "no such issue" } } }
    assert.is_false((plugin(JIRA, asks("alice"))))
  end)

  it("does not hold where no ticket is named, and asks nothing", function()
    for _, text in ipairs { "please", "inc-123", "XINC-123", "INC-123-4", "OPS-1" } do
      local verdict, detail = plugin(JIRA, asks("alice", text))
      assert.is_false(verdict)
      assert.matches("names no ticket such as INC%-123", detail)
    end
  end)

  it("is unknown without a justification", function()
    local verdict, _, class = plugin(JIRA, { user = "alice" })
    assert.is_nil(verdict)
    assert.is_nil(class)
  end)

  it("denies on an error", function()
    for number, status in ipairs { 400, 401, 403 } do
      mock.http { need = "jira", params = { key = "INC-" .. number }, status = status,
        json = { errorMessages = { "no" } } }
      local verdict, _, class = plugin(JIRA, asks("alice", "INC-" .. number))
      assert.is_nil(verdict)
      assert.equal("plugin_error", class)
    end
  end)

  it("denies on a page instead of an answer", function()
    mock.http { need = "jira", text = "<html>log in</html>" }
    local verdict, _, class = plugin(JIRA, asks("alice"))
    assert.is_nil(verdict)
    assert.equal("plugin_error", class)
  end)

  it("denies on a time-out", function()
    mock.http { need = "jira", fault = "timeout" }
    local verdict, _, class = plugin(JIRA, asks("alice"))
    assert.is_nil(verdict)
    assert.equal("plugin_timeout", class)
  end)
end)

describe("ticket with ServiceNow", function()
  local function has(...)
    mock.http { need = "servicenow", params = { table = "change_request", number = "CHG0012345" },
      json = { result = { ... } } }
  end

  local function change(active, email)
    return {
      number = both("CHG0012345"), state = both("-1", "Implement"), active = both(active),
      assigned_to = both("a1b2", "Alice"), ["assigned_to.email"] = both(email),
    }
  end

  it("holds for the assignee of an open change", function()
    has(change("true", "alice@example.com"))
    assert.is_true((plugin(SERVICENOW, asks("alice", "CHG0012345"))))
    assert.is_false((plugin(SERVICENOW, asks("bob", "CHG0012345"))))
  end)

  it("does not hold for one that is closed", function()
    has(change("false", "alice@example.com"))
    assert.is_false((plugin(SERVICENOW, asks("alice", "CHG0012345"))))
  end)

  it("denies when it does not see whose it is", function()
    has(change("true", ""))
    local verdict, _, class = plugin(SERVICENOW, asks("alice", "CHG0012345"))
    assert.is_nil(verdict)
    assert.equal("plugin_error", class)
  end)
end)
