--- The IAM documents that `sentinel init` writes: what moto lets people do who have them, and whether Terraform and
-- CloudFormation read them.
local cjson = require "cjson"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

local REFUSED = "AccessDenied"
local POLICY, PART = "/sentinel/policies/bank", "/sentinel/bundles/" .. ("0"):rep(64) .. "/0"
local CFN_LINT = "import sys; from cfnlint.runner import main; sys.exit(main())"
local DOCUMENTS = { "reader", "assume-shop", "publisher", "janitor", "trust", "protect" }

describe("the IAM documents of sentinel init", function()
  local moto, home, folder, kms_key, told

  local function init(...)
    return home:run { "init", "shop", "--installation", "acme", "--region", "us-east-1,us-west-2", "--role",
      world.role("Prod"), "--profile", "corp", "--user", "alice,bob", ... }
  end

  local function read(name)
    local text = files.read(folder .. "/iam/" .. name)
    return text or error("there is no " .. name)
  end

  setup(function()
    local everything = { { Effect = "Allow", Action = "*", Resource = "*" } }
    moto = stage.moto({ users = { alice = {}, admin = { statements = everything } } },
      { settings.source .. "/spec/support/moto_iam.py" })
    moto:post("/moto-api/reset-auth", "inf")
    local made = process.python({ "-c", "import boto3, sys; print(boto3.client('kms', endpoint_url=sys.argv[1], "
      .. "region_name='us-east-1', aws_access_key_id='a', aws_secret_access_key='b').create_key(KeyUsage='SIGN_VERIFY', "
      .. "KeySpec='ECC_NIST_P256')['KeyMetadata']['Arn'])", moto.url })
    kms_key = expect.done(made):match("%S+")
    moto:post("/moto-api/reset-auth", "0")
    home = stage.world(moto, { key = moto.keys.admin })
    os.remove(home.home .. "/.config/sentinel/config.yaml")
    folder = home.home .. "/sentinel-policy"
    told = expect.done(init("--yes", "--key", "kms:" .. kms_key))
  end)

  teardown(function()
    home:remove()
    moto:stop()
  end)

  -- A user who has these documents, with his key.
  local function user(name, documents)
    local texts = {}
    for i, document in ipairs(documents) do
      texts[i] = read("json/" .. document .. ".json")
    end
    return moto:administer([[
name, texts = arguments[0], arguments[1:]
iam.create_user(UserName=name)
for i, text in enumerate(texts):
    iam.put_user_policy(UserName=name, PolicyName=str(i), PolicyDocument=text)
key = iam.create_access_key(UserName=name)["AccessKey"]
result = {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}]], name, table.unpack(texts))
  end

  -- What boto3 gets for each of the calls.
  local function try(key, calls, region)
    local result = process.python({ settings.source .. "/spec/support/try_calls.py", moto.url },
      { stdin = cjson.encode { key = key, region = region, calls = calls } })
    return cjson.decode(expect.done(result))
  end

  -- calls: {{what is expected: true or a refusal's code, service, method, arguments}, ...}
  local function check(key, calls, region)
    local asked = {}
    for i, call in ipairs(calls) do
      asked[i] = { call[2], call[3], call[4] }
    end
    for i, answer in ipairs(try(key, asked, region)) do
      local wanted = calls[i][1]
      assert.are.equal(wanted == true and "" or wanted, answer.refused or "",
        calls[i][3] .. " " .. cjson.encode(calls[i][4]))
    end
  end

  local function put(name)
    return { Name = name, Value = "x", Type = "String", Overwrite = true }
  end

  it("are enough for Sentinel, each for what it is for", function()
    local function machine(name, document)
      local made = stage.world(moto, { key = user(name, { document }) })
      made:write_settings(files.read(folder .. "/config.yaml"))
      os.execute(("cp -r %s %s"):format(files.quote(folder), files.quote(made.home)))
      return made
    end
    local push = { "policy", "push", "shop", "sentinel-policy/policies/shop", "--profile", "corp", "--key",
      "kms:" .. kms_key, "--yes" }
    local gc = { "policy", "gc", "shop", "--keep", "1", "--force", "--profile", "corp", "--yes" }
    local verify = { "policy", "verify", "shop", "--profile", "corp" }
    local reader, publisher, janitor = machine("r1", "reader"), machine("p1", "publisher"), machine("j1", "janitor")
    local manifest = publisher:read("sentinel-policy/policies/shop/bundle.yaml"):gsub("serial: 1", "serial: 2")
    for _, each in ipairs { reader, publisher } do
      each:write("sentinel-policy/policies/shop/bundle.yaml", manifest)
    end
    expect.done(reader:run(verify))
    expect.status(reader:run(push), 6)
    expect.status(reader:run(gc), 6)
    expect.done(publisher:run(push))
    expect.done(publisher:run { "policy", "history", "shop", "--profile", "corp" })
    expect.status(publisher:run(gc), 6)
    assert.is_truthy(expect.done(reader:run(verify)):find("serial 2", 1, true))
    moto:forget()
    expect.done(janitor:run(gc))
    assert.is_true(#moto:requests_for("DeleteParameters") > 0)
    expect.done(reader:run(verify))
    for _, each in ipairs { reader, publisher, janitor } do
      each:remove()
    end
  end)

  it("let a reader read policy, in the regions that are named, and nothing else", function()
    local reader = user("reader", { "reader" })
    check(moto.keys.admin, { { true, "ssm", "put_parameter", put(POLICY) }, { true, "ssm", "put_parameter", put(PART) },
      { true, "ssm", "put_parameter", put("/sentinel/other") }, { true, "ssm", "put_parameter", put("/other") } })
    check(reader, {
      { true, "ssm", "get_parameter", { Name = POLICY } },
      { true, "ssm", "get_parameters", { Names = { PART, POLICY } } },
      { REFUSED, "ssm", "get_parameter", { Name = "/other" } },
      { REFUSED, "ssm", "get_parameters", { Names = { PART, "/sentinel/other" } } },
      { REFUSED, "ssm", "get_parameter_history", { Name = POLICY } },
      { REFUSED, "ssm", "get_parameters_by_path", { Path = "/sentinel/policies" } },
      { REFUSED, "ssm", "put_parameter", put(POLICY) },
      { REFUSED, "ssm", "delete_parameters", { Names = { PART } } },
      { REFUSED, "sts", "assume_role", { RoleArn = world.role("Prod"), RoleSessionName = "session" } },
    })
    check(reader, { { REFUSED, "ssm", "get_parameter", { Name = POLICY } } }, "eu-west-1")
  end)

  it("let a publisher put policy and sign it with the one key, and delete nothing", function()
    local digest = ("0"):rep(32)
    local function sign(key, kind)
      return { KeyId = key, Message = digest, MessageType = kind, SigningAlgorithm = "ECDSA_SHA_256" }
    end
    local other = kms_key:gsub("[^/]+$", "00000000-0000-0000-0000-000000000000")
    check(user("publisher", { "publisher" }), {
      { true, "ssm", "put_parameter", put(PART) },
      { true, "ssm", "put_parameter", put(POLICY) },
      { true, "ssm", "get_parameter", { Name = POLICY } },
      { true, "ssm", "get_parameters", { Names = { PART } } },
      { true, "ssm", "get_parameter_history", { Name = POLICY } },
      { true, "kms", "sign", sign(kms_key, "DIGEST") },
      { true, "kms", "get_public_key", { KeyId = kms_key } },
      { REFUSED, "kms", "sign", sign(kms_key, "RAW") },
      { REFUSED, "kms", "sign", sign(other, "DIGEST") },
      { REFUSED, "kms", "get_public_key", { KeyId = other } },
      { REFUSED, "ssm", "put_parameter", put("/other") },
      { REFUSED, "ssm", "put_parameter", put("/sentinel/other") },
      { REFUSED, "ssm", "delete_parameter", { Name = POLICY } },
      { REFUSED, "ssm", "delete_parameters", { Names = { PART } } },
    })
  end)

  it("let a janitor find and delete parts, and write nothing", function()
    check(user("janitor", { "janitor" }), {
      { true, "ssm", "get_parameters_by_path", { Path = "/sentinel/policies", Recursive = true } },
      { true, "ssm", "get_parameters_by_path", { Path = "/sentinel/bundles", Recursive = true } },
      { true, "ssm", "get_parameter_history", { Name = POLICY } },
      { true, "ssm", "get_parameters", { Names = { POLICY } } },
      { true, "ssm", "delete_parameters", { Names = { PART } } },
      { REFUSED, "ssm", "delete_parameters", { Names = { POLICY } } },
      { REFUSED, "ssm", "delete_parameter", { Name = POLICY } },
      { REFUSED, "ssm", "put_parameter", put(PART) },
      { REFUSED, "ssm", "put_parameter", put(POLICY) },
      { REFUSED, "ssm", "get_parameters_by_path", { Path = "/" } },
    })
  end)

  it("keep everybody else from writing, whatever else he may", function()
    local mighty = user("mighty", { "protect" })
    moto:administer([[
iam.put_user_policy(UserName="mighty", PolicyName="all", PolicyDocument=json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
for name in ["SentinelPublisher", "SentinelJanitor"]:
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}]}))
    iam.put_role_policy(RoleName=name, PolicyName="protect", PolicyDocument=arguments[0])
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
result = True]], read("json/protect.json"))
    local function session(role)
      local key = try(mighty, { { "sts", "assume_role", { RoleArn = world.role(role), RoleSessionName = "session" } } })[1].Credentials
      return { id = key.AccessKeyId, secret = key.SecretAccessKey, token = key.SessionToken }
    end
    local function sign()
      return { KeyId = kms_key, Message = ("0"):rep(32), MessageType = "DIGEST", SigningAlgorithm = "ECDSA_SHA_256" }
    end
    local function calls(writes, deletes)
      return {
        { writes, "ssm", "put_parameter", put(POLICY) },
        { writes, "ssm", "put_parameter", put(PART) },
        { writes, "ssm", "label_parameter_version", { Name = POLICY, Labels = { "x" } } },
        { writes, "kms", "sign", sign() },
        { deletes, "ssm", "delete_parameters", { Names = { PART } } },
        { true, "ssm", "put_parameter", put("/other") },
        { true, "ssm", "get_parameters", { Names = { POLICY } } },
      }
    end
    check(mighty, calls(REFUSED, REFUSED))
    check(session("SentinelPublisher"), calls(true, REFUSED))
    check(session("SentinelJanitor"), calls(REFUSED, true))
    check(mighty, { { REFUSED, "ssm", "delete_parameter", { Name = POLICY } } })
  end)

  describe("as trust policy of a role", function()
    local bob

    setup(function()
      moto:administer([[
iam.update_assume_role_policy(RoleName="Prod", PolicyDocument=arguments[0])
iam.put_user_policy(UserName="alice", PolicyName="needed", PolicyDocument=arguments[1])
iam.put_user_policy(UserName="alice", PolicyName="reading", PolicyDocument=arguments[2])
result = True]], read("json/trust.json"), read("json/assume-shop.json"), read("json/reader.json"))
      bob = user("bob", { "assume-shop" })
    end)

    local function assume(source_identity)
      return { RoleArn = world.role("Prod"), RoleSessionName = "session", SourceIdentity = source_identity }
    end

    it("let an engineer in by the bundle that is in force, with the lines that were told", function()
      local machine = stage.world(moto, { key = moto.keys.alice,
        config = assert(told:match("%[profile shop%]\n.*$")) .. "sentinel_source_profile = corp\n" })
      machine:write_settings(files.read(folder .. "/config.yaml"))
      local result = machine:run { "credentials", "shop" }
      expect.refused(result, 4, "justification")
      machine:clear_log()
      expect.credentials(machine:run { "credentials", "shop", "--justification", "INC-42 the queue is stuck" })
      local decision = machine:records()[1]
      assert.are.equal("engineers", decision.rule)
      assert.are.equal("kms:" .. kms_key, decision.policy.signed_by[1])
      assert.is_truthy(decision.source_identity:find("sentinel=alice=direct=", 1, true))
      machine:remove()
    end)

    it("let a user in under no other name, and nobody without one", function()
      check(bob, {
        { REFUSED, "sts", "assume_role", { RoleArn = world.role("Prod"), RoleSessionName = "session" } },
        { REFUSED, "sts", "assume_role", assume("sentinel=alice=direct=a1b2c3d4e5f60718") },
        { REFUSED, "sts", "assume_role", assume("sentinel=") },
        { REFUSED, "sts", "assume_role", assume("bobby") },
        { true, "sts", "assume_role", assume("sentinel=bob=direct=a1b2c3d4e5f60718") },
      })
      check(moto.keys.admin, { { REFUSED, "sts", "assume_role", assume("sentinel=bob=direct=a1b2c3d4e5f60718") } })
    end)

    it("let sessions of roles in, which have no such name, by Sentinel's mark", function()
      local key = try(bob, { { "sts", "assume_role", assume("sentinel=bob=direct=a1b2c3d4e5f60718") } })[1].Credentials
      local session = { id = key.AccessKeyId, secret = key.SecretAccessKey, token = key.SessionToken }
      check(session, {
        { true, "sts", "assume_role", assume("sentinel=role-Prod=direct=a1b2c3d4e5f60718") },
        { REFUSED, "sts", "assume_role", assume("bobby") },
        { REFUSED, "sts", "assume_role", { RoleArn = world.role("Prod"), RoleSessionName = "session" } },
      })
    end)

    it("let nobody assume a role that the bundle does not name", function()
      check(bob, { { REFUSED, "sts", "assume_role", { RoleArn = world.role("Dev"), RoleSessionName = "session" } } })
    end)
  end)

  -- The JSON that a document of Terraform hands to jsonencode(), as JSON again.
  local function argument_of(text)
    local argument = assert(text:match("jsonencode%((.*)%)\n}\n$"))
    return (argument:gsub("%$%${", "${"))
  end

  it("say the same in all three forms", function()
    for _, name in ipairs(DOCUMENTS) do
      local plain = cjson.decode(read("json/" .. name .. ".json"))
      assert.are.same(plain, cjson.decode((argument_of(read("terraform/" .. name .. ".tf")))), name)
      local properties = cjson.decode(read("cloudformation/" .. name .. ".json")).Resources.Sentinel.Properties
      assert.are.same(plain, properties.PolicyDocument or properties.AssumeRolePolicyDocument or properties.Content, name)
    end
  end)

  it("are HCL to HashiCorp's own parser and formatter", function()
    local paths = {}
    for i, name in ipairs(DOCUMENTS) do
      paths[i] = ("%s/iam/terraform/%s.tf"):format(folder, name)
    end
    local result = process.run({ settings.node, settings.clients .. "/hcl.mjs", table.unpack(paths) },
      { environment = { PATH = "/usr/bin:/bin" } })
    assert.are.equal("0 ", result.status .. " " .. result.stdout .. result.stderr)
  end)

  -- Terraform itself is of neither Debian, npm nor PyPI: used where it is.
  it("are Terraform's: formatted, and evaluated to the JSON", function()
    local terraform = process.run({ "/bin/sh", "-c", "command -v terraform" },
      { environment = { PATH = os.getenv("PATH") } }).stdout:match("%S+")
    if not terraform then
      return pending(settings.skipped("terraform is not installed", true))
    end
    local environment = { PATH = "/usr/bin:/bin", HOME = home.temporary, CHECKPOINT_DISABLE = "1" }
    local formatted = process.run({ terraform, "fmt", "-check", "-diff", folder .. "/iam/terraform" },
      { environment = environment })
    assert.are.equal("0 ", formatted.status .. " " .. formatted.stdout)
    for _, name in ipairs(DOCUMENTS) do
      local expression = read("terraform/" .. name .. ".tf"):match("(jsonencode%(.*%))\n}\n$"):gsub("%s*\n%s*", " ")
      local result = process.run({ terraform, "console" },
        { environment = environment, stdin = expression .. "\n", folder = home.temporary })
      local text = cjson.decode("[" .. expect.done(result) .. "]")[1]
      assert.are.same(cjson.decode(read("json/" .. name .. ".json")), cjson.decode(text), name)
    end
  end)

  it("are CloudFormation's: cfn-lint finds nothing, and stacks are made of them", function()
    local result = process.run({ "/bin/sh", "-c", '"$0" -c "$1" "$2"/*.json', settings.python, CFN_LINT,
      folder .. "/iam/cloudformation" }, { environment = { PATH = os.getenv("PATH"), HOME = "/nonexistent" }, limit_s = 120 })
    assert.are.equal("0 ", result.status .. " " .. result.stdout .. result.stderr)
    local calls = {}
    for i, name in ipairs { "reader", "assume-shop", "publisher", "janitor", "trust" } do
      calls[i] = { "cloudformation", "create_stack", { StackName = name, Capabilities = { "CAPABILITY_NAMED_IAM" },
        TemplateBody = read("cloudformation/" .. name .. ".json"),
        Parameters = name == "trust" and { { ParameterKey = "RoleName", ParameterValue = "Made" } } or cjson.empty_array } }
    end
    for i, answer in ipairs(try(moto.keys.admin, calls)) do
      assert.is_truthy(answer.StackId, calls[i][3].StackName .. ": " .. cjson.encode(answer))
    end
    local made = moto:administer [==[
result = {p["PolicyName"]: iam.get_policy_version(PolicyArn=p["Arn"], VersionId=p["DefaultVersionId"])
          ["PolicyVersion"]["Document"] for p in iam.list_policies(Scope="Local")["Policies"]}
result["trust"] = iam.get_role(RoleName="Made")["Role"]["AssumeRolePolicyDocument"]]==]
    for name, document in pairs { SentinelReader = "reader", ["SentinelAssume-shop"] = "assume-shop",
      SentinelPublisher = "publisher", SentinelJanitor = "janitor", trust = "trust" } do
      assert.are.same(cjson.decode(read("json/" .. document .. ".json")), made[name], name)
    end
  end)

  it("name no key when KMS does not sign", function()
    local other = home.home .. "/other"
    expect.done(init("--yes", "--out", other))
    for _, name in ipairs { "publisher", "protect" } do
      local text = files.read(("%s/iam/json/%s.json"):format(other, name))
      assert.is_nil(text:find("kms:", 1, true), name)
    end
  end)
end)
