--- The configuration (cli.md, Configuration): paths, places, and who may write what.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

describe("the configuration", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url, policy = world.allow_dev }
  end)

  after_each(function()
    home:remove()
  end)

  local function under(text, words, options)
    return home:run_under(text, words, options)
      or pending(settings.skipped("a mount name space cannot be made here"))
  end

  describe("of paths", function()
    local relative = {
      { "policy: {source: policy.yaml}\n", ":1:18: policy.source" },
      { "policy: {source: \"file:policy.yaml\"}\n", ":1:18: policy.source" },
      { "policy: {source: /p.yaml}\nlog: {path: d.jsonl}\n", ":2:13: log.path" },
      { "policy: {source: /p.yaml}\ngeoip: {databases: [a.mmdb]}\n", ":2:21: geoip.databases" },
    }
    for _, case in ipairs(relative) do
      it("takes no relative one: " .. case[2], function()
        home:write_settings(case[1])
        local result = home:run { "credentials", "dev" }
        expect.refused(result, 5, "config.yaml" .. case[2], "is not an absolute path")
        assert.is_truthy(result.stderr:find("~/PATH", 1, true))
        home:write_settings ""
        expect.refused(under("locked: [policy.source]\n" .. case[1], { "credentials", "dev" }), 5,
          "/etc/sentinel/config.yaml")
        assert.are.equal(0, #faulty:requests())
      end)
    end

    it("takes one of HOME, for policy and log alike", function()
      files.make_folder(home.home .. "/logs")
      for _, source in ipairs { "~/policy.yaml", "file:~/policy.yaml" } do
        home:write_settings(("policy: {source: %q}\nlog: {path: ~/logs/d.jsonl}\n"):format(source))
        home.log = home.home .. "/logs/d.jsonl"
        expect.credentials(home:run({ "credentials", "dev" }, { folder = "/" }))
        assert.are.equal("file:" .. home.policy_file, home:records()[1].policy.source)
        home:clear_log()
      end
    end)

    it("takes a relative one in flags and variables, and records the whole one", function()
      home:write("c.yaml", "tags: off\n")
      for _, case in ipairs { { "--policy", "policy.yaml" }, { "--policy", "file:policy.yaml" }, {} } do
        local words = { "credentials", "dev", "--config", "c.yaml", table.unpack(case) }
        expect.credentials(home:run(words, { environment = { SENTINEL_POLICY_SOURCE = not case[1] and "policy.yaml" } }))
        local record = home:records()[1]
        assert.are.equal("file:" .. home.policy_file, record.policy.source)
        assert.are.same({ home.home .. "/c.yaml" }, record.config_layers)
        home:clear_log()
      end
    end)
  end)

  describe("of an administrator", function()
    local folders = {
      { "chmod 777 /etc/sentinel", "/etc/sentinel is writable by other users", "chmod go-w '/etc/sentinel'" },
      { "chown 65534 /etc/sentinel", "/etc/sentinel belongs to another user", "chown root '/etc/sentinel'" },
      { "mv /etc/sentinel /etc/s && ln -s s /etc/sentinel", "/etc/sentinel is a link", "make it a folder" },
      { "rm -r /etc/sentinel && ln -s gone /etc/sentinel", "/etc/sentinel is a link", "make it a folder" },
      { "rm /etc/sentinel/config.yaml && chmod 777 /etc/sentinel", "writable by other users", "chmod" },
      { "rm -r /etc/sentinel && touch /etc/sentinel", "/etc/sentinel is not a folder", "make it a folder" },
      { "cd /etc/sentinel && mv config.yaml c && ln -s c config.yaml", "config.yaml is a link", "put the file itself" },
    }
    for _, case in ipairs(folders) do
      it("is taken only from a folder of root's own: " .. case[1], function()
        local options = { prepare = case[1] }
        local result = under("locked: all-security\n", { "credentials", "dev" }, options)
        expect.refused(result, 5, "configuration: ", case[2])
        assert.is_truthy(result.stderr:find(case[3], 1, true), result.stderr)
        assert.are.equal(0, #faulty:requests())
        local finding
        for _, check in ipairs(expect.json(under("", { "doctor", "--json" }, options), 1).checks) do
          finding = check.check == "configuration" and check.status == "broken" and check or finding
        end
        assert.is_truthy(finding and finding.found:find(case[2], 1, true))
      end)
    end

    local ours = world.profile("dev", "Dev", "endpoint_url = http://127.0.0.1:9")
    local services = world.profile("dev", "Dev", "services = local")
      .. "[services local]\nsts =\n  endpoint_url = http://127.0.0.1:9\n"
    local bundle = world.profile("dev", "Dev", "ca_bundle = /ca.pem")
    for _, case in ipairs {
      { "AWS_ENDPOINT_URL", nil, { AWS_ENDPOINT_URL = "http://127.0.0.1:9" } },
      { "AWS_ENDPOINT_URL_STS", nil, { AWS_ENDPOINT_URL_STS = "http://127.0.0.1:9" } },
      { "endpoint_url of the profile", ours }, { "endpoint_url of [services local]", services },
      { "ca_bundle of the profile", bundle }, { "AWS_CA_BUNDLE", bundle, { AWS_CA_BUNDLE = "/ca.pem" } },
      { "all_proxy", nil, { all_proxy = "http://127.0.0.1:9" } },
      { "endpoint_url of the profile, AWS_CA_BUNDLE", ours, { AWS_CA_BUNDLE = "/ca.pem" } },
    } do
      it("refuses other ways to AWS, and names " .. case[1], function()
        local environment = { AWS_ENDPOINT_URL = false }
        for name, value in pairs(case[3] or {}) do
          environment[name] = value
        end
        home:write_aws_config(case[2] or world.profile("dev", "Dev"))
        local result = under("endpoints: aws\n", { "whoami", "dev" }, { environment = environment })
        local first = expect.refused(result, 5, "refused by the administrator (endpoints: aws)")
        assert.are.equal(case[1], first:match("because of (.*)$"))
      end)
    end

    it("has accounts of 12 digits", function()
      expect.refused(under("tags: off\nidentity: {accounts: [\"123456789012\", \"1\"]}\n", { "whoami", "dev" }), 5,
        "/etc/sentinel/config.yaml:2: identity.accounts: \"1\" is not an account")
    end)

    it("may be in a folder where others write, but take nothing away", function()
      local result = under("deny: {verbosity: minimal}\nlocked: [deny.verbosity]\n",
        { "whoami", "dev", "--json" }, { prepare = "chmod 1777 /etc/sentinel" })
      expect.done(result)
    end)

    it("may be missing, with its folder or without", function()
      for _, prepare in ipairs { "rm /etc/sentinel/config.yaml", "rm -r /etc/sentinel" } do
        expect.credentials(under("locked: all-security\n", { "credentials", "dev" }, { prepare = prepare }))
      end
    end)
  end)

  it("may name the log's default, whose folder is made", function()
    home:write_settings("policy: {source: ~/policy.yaml}\nlog: {path: ~/.local/state/sentinel/decisions.jsonl}\n")
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal("decision issued", home:kinds())
  end)

  it("names the key of ~/.aws/config that is wrong as it stands there", function()
    for _, key in ipairs { "sentinel_duration_seconds", "duration_seconds" } do
      home:write_aws_config(world.profile("dev", "Dev", key .. " = x"))
      expect.refused(home:run { "credentials", "dev" }, 5, "profile \"dev\": " .. key .. " is not a number")
      home:write_aws_config(world.profile("dev", "Dev"):gsub("corp", "mid") .. "[profile mid]\nrole_arn = "
        .. world.role("Mid") .. "\nsource_profile = corp\nregion = us-east-1\n" .. key .. " = x\n")
      expect.refused(home:run { "credentials", "dev" }, 5, "profile `mid`: " .. key .. " is not a number")
    end
  end)

  it("tells what can be done about a profile whose parameter SSM cannot hold", function()
    local profiles = { "/a", "a/", "a/b/c/d/e/f/g/h/i/j/k/l/m/n", "a@b" }
    local config = world.profile("dev", "Dev")
    for _, name in ipairs(profiles) do
      config = config .. world.profile(name, "Dev")
    end
    home:write_aws_config(config)
    home:write_settings("policy: {source: \"ssm:/sentinel/policies/{profile}\"}\n")
    for _, name in ipairs(profiles) do
      local result = home:run { "credentials", name }
      expect.refused(result, 5, "policy.source: \"/sentinel/policies/" .. name)
      assert.is_truthy(result.stderr:find("{profile} is \"" .. name .. "\" here: rename that profile", 1, true))
    end
    for _, source in ipairs { "ssm:/a//b", "ssm:/a/", "ssm:/a b" } do
      local result = home:run { "credentials", "dev", "--policy", source }
      expect.refused(result, 5, "policy.source")
      assert.is_nil(result.stderr:find("rename", 1, true))
    end
    assert.are.equal(0, #faulty:requests())
  end)
end)
