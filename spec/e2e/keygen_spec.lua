--- sentinel policy keygen with OpenSSH's own programs and a KMS that nobody here wrote; what keys sign is verified.
local cjson = require "cjson"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

local PASSPHRASE = "correct horse battery staple"
local TOOL = settings.build .. "/pointer_tool"
local POINTER = '{"sentinel_pointer":1,"name":"prod","serial":7,"sha256":"' .. ("0f"):rep(32)
  .. '","size":6145,"parts":3,"not_before":"-","not_after":"2026-02-18T00:00:00Z","installation":"acme-aws",'
  .. '"signatures":[%s]}'
local SIGNED = "sentinel-bundle-v1\nacme-aws\nprod\n7\n" .. ("0f"):rep(32) .. "\n6145\n-\n2026-02-18T00:00:00Z\n"

local function mode_of(path)
  local pipe = io.popen("stat -c %a " .. files.quote(path))
  local mode = pipe:read("l")
  pipe:close()
  return mode
end

describe("keys that sign policy", function()
  local home

  before_each(function()
    home = world.new { environment = { SENTINEL_FILE_PASSPHRASE = PASSPHRASE, SENTINEL_BACKEND = "file" } }
    home.secrets[#home.secrets + 1] = PASSPHRASE
  end)

  after_each(function()
    home:remove()
  end)

  local function keygen(...)
    return home:run { "policy", "keygen", ... }
  end

  -- The line that a run printed.
  local function line_of(result)
    local line = expect.done(result):match("^([^\n]+)\n$")
    assert.is_truthy(line, result.stdout)
    return line
  end

  -- Runs a program of OpenSSH in HOME; returns what it printed.
  local function ssh(program, ...)
    local result = process.run({ "/usr/bin/" .. program, ... }, home:options())
    assert.are.equal(0, result.status, result.stderr)
    return result.stdout
  end

  local function make(...)
    ssh("ssh-keygen", "-q", "-C", "a comment", ...)
  end

  local function sign(key, pointer, environment)
    return process.run({ TOOL, "sign", key }, home:options { stdin = pointer or POINTER:format(""),
      environment = environment })
  end

  local function verify(pointer, ...)
    return process.run({ TOOL, "verify", ... }, home:options { stdin = pointer })
  end

  it("are made as files that OpenSSH reads, for nobody else", function()
    local line = line_of(keygen("--out", "release.key", "--comment", "the release key"))
    assert.is_truthy(line:match("^ed25519:[A-Za-z0-9+/]+=$"), line)
    assert.are.equal("600", mode_of(home.home .. "/release.key"))
    local public = home:read("release.key.pub")
    assert.are.equal(public, ssh("ssh-keygen", "-y", "-f", "release.key"))
    assert.is_truthy(public:match("^ssh%-ed25519 %S+ the release key\n$"), public)
    assert.is_truthy(ssh("ssh-keygen", "-l", "-f", "release.key"):find("the release key (ED25519)", 1, true))
    assert.are.equal(line, line_of(keygen("--public", "release.key")))
    assert.are.equal(line, line_of(keygen("--public", "release.key.pub")))
    -- OpenSSH signs and verifies with it.
    home:write("text", "something")
    ssh("ssh-keygen", "-q", "-Y", "sign", "-f", "release.key", "-n", "test", "text")
    home:write("allowed", "me " .. public)
    local verified = process.run({ "/usr/bin/ssh-keygen", "-Y", "verify", "-f", "allowed", "-I", "me", "-n", "test",
      "-s", "text.sig" }, home:options { stdin = "something" })
    assert.are.equal(0, verified.status, verified.stderr)
    expect.done(verify(expect.done(sign("release.key")), line))
  end)

  it("are never overwritten", function()
    expect.done(keygen("--out", "release.key"))
    local private, public = home:read("release.key"), home:read("release.key.pub")
    expect.refused(keygen("--out", "release.key"), 6, "release.key is there already", "choose another name")
    os.remove(home.home .. "/release.key.pub")
    expect.refused(keygen("--out", "release.key"), 6, "release.key is there already")
    assert.are.equal(private, home:read("release.key"))
    assert.is_nil(home:read("release.key.pub"))
    home:write("release.key.pub", public)
    os.remove(home.home .. "/release.key")
    expect.refused(keygen("--out", "release.key"), 6, "release.key.pub is there already")
    assert.is_nil(home:read("release.key"))
    expect.refused(keygen("--out", "none/release.key"), 6, "none/release.key", "No such file")
  end)

  it("may be made by ssh-keygen", function()
    make("-t", "ed25519", "-N", "", "-f", "mine")
    for text in home:read("mine"):gmatch("[^-\n]+=*\n") do
      home.secrets[#home.secrets + 1] = text:sub(1, -2)
    end
    local line = line_of(keygen("--public", "mine"))
    assert.are.equal(line, line_of(keygen("--public", "mine.pub")))
    expect.done(verify(expect.done(sign("mine")), line))
    os.execute("chmod 640 " .. files.quote(home.home .. "/mine"))
    expect.refused(keygen("--public", "mine"), 6, "readable by other users", "chmod 600 'mine'")
    expect.refused(sign("mine"), 6, "readable by other users", "chmod 600 'mine'")
    os.remove(home.home .. "/mine") -- the one place where it may be
  end)

  it("are refused with the remedy when they cannot sign", function()
    make("-t", "ed25519", "-N", "a passphrase", "-f", "locked")
    make("-t", "rsa", "-N", "", "-f", "rsa")
    make("-t", "ed25519", "-N", "", "-m", "PEM", "-f", "mine")
    expect.refused(sign "locked", 4, "the private key is encrypted", "ssh-add 'locked'", "agent:")
    expect.refused(keygen("--public", "locked"), 4, "the private key is encrypted")
    expect.done(keygen("--public", "locked.pub"))
    for _, key in ipairs { "rsa", "rsa.pub" } do
      expect.refused(keygen("--public", key), 5, 'of the kind "ssh-rsa"', "policy keygen --out")
    end
    expect.done(keygen("--public", "mine"))
    home:write("pem", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n")
    expect.refused(keygen("--public", "pem"), 5, "not a private key in OpenSSH's format", "policy keygen --out")
    expect.refused(keygen("--public", "absent"), 6, "absent: No such file")
  end)

  it("rest in the keychain, and are listed and removed", function()
    local line = line_of(keygen("--keychain", "release"))
    assert.are.equal(line, line_of(keygen("--public", "keychain:release")))
    assert.are.equal("release (a key that signs policy)\n", expect.done(home:run { "list" }))
    assert.are.same({ { name = "release", backend = "file", kind = "signing" } },
      expect.json(home:run { "list", "--json" }))
    expect.refused(keygen("--keychain", "release"), 6, 'there is a signing key "release" already',
      "sentinel remove --keychain release")
    expect.refused(home:run { "remove", "release" }, 6, 'there is no entry "release"')
    assert.are.equal("removed signing key release from the file keychain\n",
      expect.done(home:run { "remove", "--keychain", "release" }))
    expect.refused(home:run { "remove", "--keychain", "release" }, 6, 'there is no entry "release"', "sentinel list")
    expect.refused(keygen("--public", "keychain:release"), 6, "sentinel policy keygen --keychain release")
    assert.are_not.equal(line, line_of(keygen("--keychain", "release")))
  end)

  it("move with the other entries from one keychain to another", function()
    local line = line_of(keygen("--keychain", "release"))
    local moved = home:run { "keychain", "migrate", "--from", "file", "--to", "keyring" }
    expect.done(moved)
    local shown = keygen("--public", "keychain:release", "--backend", "keyring")
    local removed = home:run { "remove", "--keychain", "release", "--backend", "keyring" }
    assert.are.equal(line, line_of(shown))
    expect.done(removed)
    expect.refused(keygen("--public", "keychain:release"), 6, 'there is no entry "release"')
  end)

  describe("of an ssh-agent", function()
    local agent, socket

    before_each(function()
      socket = home.temporary .. "/agent"
      agent = process.start({ "/usr/bin/ssh-agent", "-D", "-a", socket }, home:options())
      home.environment.SSH_AUTH_SOCK = socket
      files.wait_for("the agent", 10, function()
        return process.run({ "/usr/bin/ssh-add", "-l" }, home:options()).status == 1
      end)
    end)

    after_each(function()
      process.signal(agent, "TERM")
      process.finish(agent)
    end)

    it("sign without being given out", function()
      expect.refused(keygen("--public", "agent:"), 6, "has no Ed25519 key", "ssh-add FILE")
      make("-t", "rsa", "-N", "", "-f", "rsa")
      make("-t", "ed25519", "-N", "", "-f", "one")
      make("-t", "ed25519", "-N", "", "-f", "two")
      local one, two = line_of(keygen("--public", "one")), line_of(keygen("--public", "two"))
      ssh("ssh-add", "-q", "rsa")
      ssh("ssh-add", "-q", "one")
      os.remove(home.home .. "/one")
      assert.are.equal(one, line_of(keygen("--public", "agent:")))
      expect.refused(keygen("--public", "agent:" .. two), 6, "does not have the key " .. two)
      local pointer = expect.done(sign("agent:"))
      expect.done(verify(pointer, one))
      ssh("ssh-add", "-q", "two")
      expect.refused(sign("agent:"), 6, "has 2 Ed25519 keys", "agent:" .. one, "agent:" .. two)
      pointer = expect.done(sign("agent:" .. two, pointer))
      expect.done(verify(pointer, one, two))
      expect.refused(verify(pointer, two), 5, "is signed with the key " .. one:sub(1, 20) .. "...",
        "which policy.keys does not list")
      expect.refused(verify(expect.done(sign("agent:" .. two)), two, one), 5, "signed with 1 of the keys")
    end)

    it("may be encrypted in their file", function()
      make("-t", "ed25519", "-N", "a passphrase", "-f", "locked")
      local line = line_of(keygen("--public", "locked.pub"))
      home:write("askpass", "#!/bin/sh\necho a passphrase\n", "0700")
      local added = process.run({ "/usr/bin/ssh-add", "-q", "locked" }, home:options {
        environment = { SSH_ASKPASS = home.home .. "/askpass", SSH_ASKPASS_REQUIRE = "force" } })
      assert.are.equal(0, added.status, added.stderr)
      expect.done(verify(expect.done(sign("agent:" .. line)), line))
    end)

    it("are refused by an agent that is locked or gone", function()
      make("-t", "ed25519", "-N", "", "-f", "one")
      local line = line_of(keygen("--public", "one"))
      ssh("ssh-add", "-q", "-t", "3600", "one")
      process.signal(agent, "TERM")
      files.wait_for("the end of the agent", 10, function()
        return not process.is_running(agent)
      end)
      expect.refused(sign("agent:" .. line), 6, "the ssh-agent at " .. socket, "ssh-add -l")
      expect.refused(sign("agent:", nil, { SSH_AUTH_SOCK = false }), 6, "SSH_AUTH_SOCK is not set", "ssh-add FILE")
    end)
  end)

  it("are named in one way at a time", function()
    expect.refused(keygen(), 2, "needs one of --out, --keychain, --public and --kms")
    expect.refused(keygen("--out", "a", "--keychain", "b"), 2, "needs one of --out, --keychain, --public and --kms")
    expect.refused(keygen("--keychain", "b", "--comment", "c"), 2, "--comment goes into the files of --out")
    expect.refused(keygen("--out", "a", "--comment", "two\nlines"), 2, "a comment is at most 200 bytes")
    assert.is_nil(home:read("a"))
    expect.refused(keygen("a"), 2)
    for _, name in ipairs { "a/b", "a b", ("x"):rep(65) } do
      expect.refused(keygen("--keychain", name), 2, "cannot be the name of a key that signs policy")
    end
    expect.refused(home:run { "remove", "--keychain", "a", "--secret", "b" }, 2, "there is nothing beside it")
    expect.refused(home:run { "remove", "--keychain", "a", "b" }, 2, "there is nothing beside it")
    expect.refused(keygen("--kms", "alias/policy"), 2, "is not the ARN of a KMS key", "an alias can be pointed at")
  end)
end)

describe("keys of KMS", function()
  local moto, home

  setup(function()
    moto = stage.moto({ users = {
      alice = { path = "/", statements = { { Effect = "Allow", Action = { "kms:GetPublicKey", "sts:GetCallerIdentity" },
        Resource = "*" } } },
      bob = { path = "/" } } }, { settings.source .. "/spec/support/moto_kms.py" })
  end)

  teardown(function()
    moto:stop()
  end)

  before_each(function()
    -- The profile "corp" has the key of ~/.aws/credentials, and no role.
    home = stage.world(moto, { config = "[profile corp]\nregion = eu-west-1\n" })
  end)

  after_each(function()
    home:remove()
  end)

  -- Makes a key, in another region than the profile's; returns its ARN, its public half in base64 and, in base64 too,
  -- what it signs: the signed bytes of POINTER.
  local function make(spec, usage, algorithm)
    return table.unpack(moto:administer([[
import base64
kms = boto3.client("kms", endpoint_url=sys.argv[1], region_name="us-east-1",
                   aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="setup")
spec, usage, algorithm, message = arguments
made = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
public = kms.get_public_key(KeyId=made["KeyId"])["PublicKey"] if spec != "SYMMETRIC_DEFAULT" else b""
signature = kms.sign(KeyId=made["KeyId"], Message=message.encode(), MessageType="RAW",
                     SigningAlgorithm=algorithm)["Signature"] if algorithm else b""
result = [made["Arn"], base64.b64encode(public).decode(), base64.b64encode(signature).decode()]
]], spec, usage, algorithm or "", SIGNED))
  end

  local function show(arn, ...)
    return home:run { "policy", "keygen", "--kms", arn, "--profile", "corp", ... }
  end

  local function signed(arn, algorithm, signature)
    return POINTER:format(cjson.encode("kms:" .. arn):gsub("\\/", "/"):gsub("^", '{"key":') .. ',"algorithm":"' .. algorithm
      .. '","signature":"' .. signature .. '"}')
  end

  local function verify(pointer, ...)
    return process.run({ TOOL, "verify", ... }, home:options { stdin = pointer })
  end

  it("are shown with their public half, and what they sign is verified", function()
    local arn, public, signature = make("ECC_NIST_P256", "SIGN_VERIFY", "ECDSA_SHA_256")
    moto:forget()
    local line = "kms:" .. arn .. "#" .. public
    assert.are.equal(line .. "\n", expect.done(show(arn)))
    local asked = moto:requests_for "GetPublicKey"
    assert.are.equal(1, #asked)
    assert.are.equal(cjson.encode { KeyId = arn }:gsub("\\/", "/"), asked[1].body)
    assert.is_truthy(asked[1].headers.authorization:find("/us-east-1/kms/aws4_request", 1, true))
    local pointer = signed(arn, "ECDSA_SHA_256", signature)
    expect.done(verify(pointer, line))
    expect.refused(verify((pointer:gsub('"serial":7', '"serial":8')), line), 5, "the signature is not the key's")
    expect.refused(verify(signed(arn, "RSASSA_PSS_SHA_256", signature), line), 5, "of another kind")
  end)

  it("are refused when they salt otherwise than KMS does", function()
    local arn, public, signature = make("RSA_2048", "SIGN_VERIFY", "RSASSA_PSS_SHA_256")
    local line = "kms:" .. arn .. "#" .. public
    assert.are.equal(line .. "\n", expect.done(show(arn)))
    -- With whatever length of salt, it is right: this double takes as much as there is room for.
    local lenient = process.python({ "-c", [[
import base64, sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
key = serialization.load_der_public_key(base64.b64decode(sys.argv[1]))
key.verify(base64.b64decode(sys.argv[2]), sys.argv[3].encode(),
           padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO), hashes.SHA256())
]], public, signature, SIGNED })
    assert.are.equal(0, lenient.status, lenient.stderr)
    expect.refused(verify(signed(arn, "RSASSA_PSS_SHA_256", signature), line), 5, "the signature is not the key's")
  end)

  it("are refused when they cannot sign policy", function()
    for _, row in ipairs { { "ECC_NIST_P384", "SIGN_VERIFY" }, { "ECC_SECG_P256K1", "SIGN_VERIFY" },
      { "RSA_2048", "ENCRYPT_DECRYPT" }, { "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT" } } do
      local arn = make(row[1], row[2])
      local result = show(arn)
      assert.is_true(result.status == 5 or result.status == 6, result.stderr)
      expect.refused(result, result.status, arn)
    end
    local arn = "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
    expect.refused(show(arn), 6, arn)
  end)

  it("need the permission, and say which", function()
    local arn = make("ECC_NIST_P256", "SIGN_VERIFY")
    home:write_key(moto.keys.bob)
    expect.refused(show(arn), 6, "kms:GetPublicKey")
    home:write_key { id = "AKIAIOSFODNN7EXAMPLE", secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEX" }
    expect.refused(show(arn), 6)
  end)
end)
