--- The calls with which bundles are written, read, listed and signed: against moto, which checks
-- signatures and permissions, and against a store that goes wrong at a call of our choice.
local cjson = require "cjson"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"

local ACCOUNT = "123456789012"
local REGION = "eu-central-1"
local PART = ("QUJD"):rep(1024)

-- Runs tests/tools/aws_calls with a key ({id, secret}) against a server; result.answer is what it
-- printed.
local function call(server, key, ...)
  local result = process.run({ settings.build .. "/aws_calls", ... }, { environment = {
    AWS_ENDPOINT_URL = server.url, AWS_ACCESS_KEY_ID = key.id, AWS_SECRET_ACCESS_KEY = key.secret } })
  result.answer = cjson.decode(result.stdout)
  return result
end

local function done(server, key, ...)
  local result = call(server, key, ...)
  assert.are.equal(0, result.status, result.stderr)
  return result.answer
end

local function refused(code, text, server, key, ...)
  local result = call(server, key, ...)
  assert.is_truthy(result.stderr:find("^" .. code .. ": "), result.stderr)
  assert.is_truthy(result.stderr:find(text, 1, true), result.stderr)
  return result.answer
end

local function put(name, value, how)
  how = how or {}
  return "put", how.region or REGION, name, value, how.tier or "Standard", how.mode or "keep",
    how.type or "String", how.description or "serial 1"
end

describe("parameters and keys in moto", function()
  local moto, keys, arns

  setup(function()
    moto = servers.start_moto { settings.source .. "/spec/support/moto_kms.py" }
    keys = moto:build { users = {
      writer = { statements = { { Effect = "Allow", Resource = "*", Action = { "ssm:PutParameter",
        "ssm:GetParameters", "ssm:GetParameterHistory", "ssm:GetParametersByPath",
        "ssm:DeleteParameters", "kms:Sign", "kms:GetPublicKey" } } } },
      reader = { statements = { { Effect = "Allow", Resource = "*", Action = { "ssm:GetParameters" } } } },
    } }
    arns = moto:administer([[
kms = boto3.client("kms", endpoint_url=sys.argv[1], region_name=arguments[0],
                   aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="setup")
make = lambda spec, usage: kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]
result = {"rsa": make("RSA_2048", "SIGN_VERIFY"), "ec": make("ECC_NIST_P256", "SIGN_VERIFY"),
          "p384": make("ECC_NIST_P384", "SIGN_VERIFY"), "secret": make("RSA_2048", "ENCRYPT_DECRYPT"),
          "absent": arguments[1]}]], REGION,
      "arn:aws:kms:" .. REGION .. ":" .. ACCOUNT .. ":key/01234567-89ab-cdef-0123-456789abcdef")
  end)

  teardown(function()
    moto:stop()
  end)

  local function did(...)
    return done(moto, keys.writer, ...)
  end

  it("are written, read in the order of their names, and deleted", function()
    assert.are.same({ version = 1 }, did(put("/t/a/0", PART)))
    assert.are.same({ version = 1 }, did(put("/t/a/1", "\"one\"\n\u{e9}", { type = "SecureString" })))
    assert.are.same({
      missing = 1,
      values = { { value = "\"one\"\n\u{e9}", version = 1, is_secure = true },
        { value = "", version = 0, is_secure = false },
        { value = PART, version = 1, is_secure = false } },
    }, did("get", REGION, "/t/a/1", "/t/a/2", "/t/a/0"))
    assert.are.same({ deleted = 2 }, did("delete", REGION, "/t/a/0", "/t/a/1", "/t/a/2"))
    assert.are.same({ deleted = 0 }, did("delete", REGION, "/t/a/0"))
    assert.are.equal(1, did("get", REGION, "/t/a/0").missing)
  end)

  it("are of one region", function()
    did(put("/t/here", "v"))
    assert.are.equal(1, did("get", "us-west-2", "/t/here").missing)
  end)

  it("are not written over unless that is wanted", function()
    did(put("/t/once", "first"))
    local answer = refused("AWS_REFUSED", 'there is already an SSM parameter "/t/once" in ' .. REGION,
      moto, keys.writer, put("/t/once", "second"))
    assert.is_true(answer.is_there)
    assert.is_false(answer.is_throttled)
    assert.are.equal("first", did("get", REGION, "/t/once").values[1].value)
    assert.are.same({ version = 2 }, did(put("/t/once", "second", { mode = "overwrite" })))
    assert.are.equal("second", did("get", REGION, "/t/once").values[1].value)
  end)

  it("go out as the tier that was asked for", function()
    for _, tier in ipairs { "Standard", "Advanced", "Intelligent-Tiering" } do
      moto:forget()
      did(put("/t/tier", "v", { tier = tier, mode = "overwrite" }))
      local sent = moto:requests_for("PutParameter")
      assert.are.equal(1, #sent)
      assert.are.equal(tier, cjson.decode(sent[1].body).Tier)
    end
  end)

  it("have a history, the newest first, of all pages", function()
    moto:administer([[
ssm = boto3.client("ssm", endpoint_url=sys.argv[1], region_name=arguments[0],
                   aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="setup")
for i in range(1, 61):
    ssm.put_parameter(Name="/t/history", Type="String", Value=f"v{i}", Description=f"serial {i}",
                      Overwrite=True)
result = "done"]], REGION)
    moto:forget()
    local answer = did("history", REGION, "/t/history")
    assert.are.equal(2, answer.pages)
    assert.are.equal(2, #moto:requests_for("GetParameterHistory"))
    assert.are.equal(60, #answer.entries)
    for i, entry in ipairs(answer.entries) do
      local version = 61 - i
      assert.are.same({ "/t/history", version, "v" .. version, "serial " .. version },
        { entry.name, entry.version, entry.value, entry.description })
      assert.is_true(entry.modified_ms > 1600000000000)
    end
    refused("NO_POLICY", "/t/none", moto, keys.writer, "history", REGION, "/t/none")
  end)

  it("are listed below a path, sorted, from all pages", function()
    for i = 0, 11 do
      did(put(("/t/list/%s/%d"):format(i % 2 == 0 and "even" or "odd", i), "v" .. i))
    end
    did(put("/t/listed", "beside"))
    local names = {}
    local answer = did("list", REGION, "/t/list")
    for i, entry in ipairs(answer.entries) do
      names[i] = entry.name
      assert.are.equal("v" .. entry.name:match("%d+$"), entry.value)
    end
    assert.are.equal("/t/list/even/0 /t/list/even/10 /t/list/even/2 /t/list/even/4 /t/list/even/6 "
      .. "/t/list/even/8 /t/list/odd/1 /t/list/odd/11 /t/list/odd/3 /t/list/odd/5 /t/list/odd/7 "
      .. "/t/list/odd/9", table.concat(names, " "))
    assert.are.same({}, did("list", REGION, "/t/nothing").entries)
  end)

  it("name the permission that is missing", function()
    local function denied(action, ...)
      refused("AWS_REFUSED", action, moto, keys.reader, ...)
    end
    denied("ssm:PutParameter on SSM parameter /t/x", put("/t/x", "v"))
    denied("ssm:DeleteParameters on SSM parameter /t/x and 1 more", "delete", REGION, "/t/x", "/t/y")
    denied("ssm:GetParameterHistory", "history", REGION, "/t/x")
    denied("ssm:GetParametersByPath", "list", REGION, "/t")
    denied("kms:Sign is missing: the caller needs it on KMS key " .. arns.ec, "sign", arns.ec,
      "ECDSA_SHA_256", ("A"):rep(43) .. "=")
    denied("kms:GetPublicKey", "key", arns.ec)
  end)

  it("are refused to a key whose secret is another", function()
    local wrong = { id = keys.writer.id, secret = keys.reader.secret }
    refused("AWS_REFUSED", "SignatureDoesNotMatch", moto, wrong, put("/t/x", "v"))
    refused("AWS_REFUSED", "SignatureDoesNotMatch", moto, wrong, "key", arns.rsa)
  end)

  it("give the public key that signs, and what for", function()
    local rsa, ec = did("key", arns.rsa), did("key", arns.ec)
    assert.are.same({ "RSA_2048", "RSASSA_PSS_SHA_256" }, { rsa.spec, rsa.algorithm })
    assert.are.same({ "ECC_NIST_P256", "ECDSA_SHA_256" }, { ec.spec, ec.algorithm })
    refused("CONFIG_INVALID", "its spec is ECC_NIST_P384", moto, keys.writer, "key", arns.p384)
    refused("CONFIG_INVALID", "its usage is ENCRYPT_DECRYPT", moto, keys.writer, "key", arns.secret)
    refused("AWS_REFUSED", arns.absent, moto, keys.writer, "key", arns.absent)
  end)

  it("sign what was asked, as it was asked", function()
    local digest = ("A"):rep(42) .. "E="
    for _, key in ipairs { { arns.rsa, "RSASSA_PSS_SHA_256", 344 }, { arns.ec, "ECDSA_SHA_256" } } do
      moto:forget()
      local answer = did("sign", key[1], key[2], digest)
      assert.is_true(#answer.signature >= 88 and #answer.signature == (key[3] or #answer.signature))
      local sent = moto:requests_for("Sign")
      assert.are.equal(1, #sent)
      assert.are.same({ KeyId = key[1], Message = digest, MessageType = "DIGEST",
        SigningAlgorithm = key[2] }, cjson.decode(sent[1].body))
      assert.are.equal("TrentService.Sign", sent[1].headers["x-amz-target"])
    end
  end)
end)

describe("parameters and keys that go wrong", function()
  local faulty
  local key = { id = "AKIAIOSFODNN7EXAMPLE", secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" }

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    faulty:store {}
  end)

  local function versions(name)
    return (faulty:stored()[REGION] or {})[name] or {}
  end

  it("go out again when the first of a new one is lost, with and without its effect", function()
    for _, effect in ipairs { false, true } do
      local name = "/t/" .. tostring(effect)
      faulty:set { ["ssm.PutParameter"] = { fault = "close", times = 1, effect = effect } }
      local result = call(faulty, key, put(name, "v"))
      assert.are.equal(2, faulty:count("ssm.PutParameter"))
      assert.are.equal(effect, result.answer.is_there or false)
      assert.are.equal(1, #versions(name))
    end
  end)

  it("do not go out again when they may overwrite", function()
    done(faulty, key, put("/t/p", "old"))
    for _, effect in ipairs { false, true } do
      faulty:set { ["ssm.PutParameter"] = { fault = "close", times = 1, effect = effect } }
      local answer = refused("NETWORK", "PutParameter", faulty, key, put("/t/p", "new", { mode = "overwrite" }))
      assert.is_true(answer.is_outage)
      assert.are.equal(1, faulty:count("ssm.PutParameter"))
      assert.are.equal(effect and 2 or 1, #versions("/t/p"))
    end
  end)

  it("tell throttling from other answers", function()
    for _, fault in ipairs {
      { fault = "error", code = "ThrottlingException", is_throttled = true, count = 1 },
      { fault = "error", code = "TooManyUpdates", is_throttled = true, count = 1 },
      { fault = "status", status = 429, is_throttled = true, count = 2 },
      { fault = "status", status = 503, is_throttled = false, count = 2 },
      { fault = "error", code = "AccessDeniedException", is_throttled = false, count = 1 },
    } do
      faulty:set { ["ssm.PutParameter@" .. REGION] = fault }
      local result = call(faulty, key, put("/t/x", "v"))
      assert.are_not.equal(0, result.status)
      assert.are.equal(fault.is_throttled, result.answer.is_throttled)
      assert.are.equal(fault.count == 2, result.answer.is_outage)
      assert.are.equal(fault.count, faulty:count("ssm.PutParameter"))
      assert.are.same({}, versions("/t/x"))
    end
  end)

  it("take answers that are larger than other calls'", function()
    local list = {}
    for i = 1, 50 do
      list[i] = { Value = ("\u{1}"):rep(8192), Version = i, Tier = "Advanced" }
    end
    faulty:store { [REGION] = { ["/t/large"] = list } }
    local answer = done(faulty, key, "history", REGION, "/t/large")
    assert.are.equal(50, #answer.entries)
    assert.are.equal(8192, #answer.entries[50].value)
    assert.are.equal("arn:aws:iam::" .. ACCOUNT .. ":user/alice", answer.entries[1].modified_by)
  end)

  it("refuse a value that came for another name", function()
    faulty:store { [REGION] = { ["/t/a"] = { { Value = "a" } }, ["/t/b"] = { { Value = "b" } } } }
    faulty:set { ["ssm.GetParameters"] = { fault = "replace", pattern = '"/t/b"', by = '"/t/c"' } }
    refused("ANSWER_INVALID", "another parameter", faulty, key, "get", REGION, "/t/a", "/t/b")
    faulty:set { ["ssm.GetParameters"] = { fault = "replace", pattern = '"/t/b"', by = '"/t/a"' } }
    refused("ANSWER_INVALID", "twice", faulty, key, "get", REGION, "/t/a", "/t/b")
  end)

  it("refuse pages without end", function()
    local listed = {}
    for i = 1, 12 do
      listed["/t/" .. i] = { { Value = "v" } }
    end
    faulty:store { [REGION] = listed }
    faulty:set { ["ssm.GetParametersByPath"] = { fault = "body", body = '{"Parameters":[],"NextToken":"0"}' } }
    refused("ANSWER_INVALID", "loop", faulty, key, "list", REGION, "/t")
    assert.are.equal(2, faulty:count("ssm.GetParametersByPath"))
  end)

  it("sign so that openssl agrees", function()
    local made = process.python { "-c", [[
import json, subprocess
make = lambda *words: subprocess.run(["openssl", "genpkey", "-algorithm", *words], check=True,
                                     capture_output=True, text=True).stdout
print(json.dumps({"rsa": make("RSA", "-pkeyopt", "rsa_keygen_bits:3072"),
                  "ec": make("EC", "-pkeyopt", "ec_paramgen_curve:P-256")}))]] }
    local pem = cjson.decode(made.stdout)
    local rsa = "arn:aws:kms:us-east-1:" .. ACCOUNT .. ":key/01234567-89ab-cdef-0123-456789abcdef"
    local ec = "arn:aws:kms:us-east-1:" .. ACCOUNT .. ":key/mrk-0123456789abcdef0123456789abcdef"
    faulty:set { kms_keys = { [rsa] = pem.rsa, [ec] = pem.ec } }
    for arn, algorithm in pairs { [rsa] = "RSASSA_PSS_SHA_256", [ec] = "ECDSA_SHA_256" } do
      local public = done(faulty, key, "key", arn)
      assert.are.equal(algorithm, public.algorithm)
      local checked = process.python({ "-c", [[
import base64, hashlib, json, os, subprocess, sys, tempfile
it = json.load(sys.stdin)
os.chdir(tempfile.mkdtemp())
digest = hashlib.sha256(b"what is signed").digest()
answer = subprocess.run([it["program"], "sign", it["arn"], it["algorithm"], base64.b64encode(digest)],
                        check=True, capture_output=True)
for name, text in ("key", it["der"]), ("signature", json.loads(answer.stdout)["signature"]):
    with open(name, "wb") as file:
        file.write(base64.b64decode(text))
pss = ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:32"] if "RSA" in it["algorithm"] else []
subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key", "-keyform", "DER", "-pkeyopt",
                "digest:sha256", "-sigfile", "signature", *pss], input=digest, check=True)]] }, {
        stdin = cjson.encode { program = settings.build .. "/aws_calls", arn = arn,
          algorithm = algorithm, der = public.der },
        environment = { PATH = os.getenv("PATH"), AWS_ENDPOINT_URL = faulty.url,
          AWS_ACCESS_KEY_ID = key.id, AWS_SECRET_ACCESS_KEY = key.secret },
      })
      assert.are.equal(0, checked.status, checked.stderr)
    end
  end)
end)
