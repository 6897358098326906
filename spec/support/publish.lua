--- Publishes bundles as policy.md describes them, without the program's own `policy push`: OpenSSL
-- signs, and the pointer is written here. What a reader takes is what the contract says.
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"

local publish = {}

local OPENSSL = "/usr/bin/openssl"
publish.folder = "/sentinel/bundles"

local function run(argv)
  local result = process.run(argv)
  assert(result.status == 0, result.stderr)
  return result.stdout
end

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(bytes)
  local text = bytes:gsub("..?.?", function(three)
    local a, b, c = three:byte(1, 3)
    local number, out = a << 16 | (b or 0) << 8 | (c or 0), {}
    for i = 1, 4 do
      local digit = (number >> (24 - 6 * i) & 63) + 1
      out[i] = i <= #three + 1 and DIGITS:sub(digit, digit) or "="
    end
    return table.concat(out)
  end)
  return text
end
publish.base64 = base64

local KINDS = {
  ed25519 = { make = { "-algorithm", "ed25519" }, algorithm = "ed25519",
    sign = { "pkeyutl", "-sign", "-rawin" }, input = "-in", key = "-inkey" },
  rsa = { make = { "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048" },
    algorithm = "RSASSA_PSS_SHA_256", sign = { "dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss",
      "-sigopt", "rsa_pss_saltlen:32" }, key = "-sign" },
  ec = { make = { "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256" },
    algorithm = "ECDSA_SHA_256", sign = { "dgst", "-sha256" }, key = "-sign" },
}

--- A key of a kind (ed25519, rsa, ec): {line = of policy.keys, id = what a signature names, ...}.
-- arn: of the KMS key that it stands for.
function publish.key(folder, name, kind, arn)
  kind = KINDS[kind or "ed25519"]
  local path = folder .. "/" .. name .. ".pem"
  run({ OPENSSL, "genpkey", "-out", path, table.unpack(kind.make) })
  local der = run { OPENSSL, "pkey", "-in", path, "-pubout", "-outform", "DER" }
  local key = { path = path, kind = kind }
  if arn then
    key.id = "kms:" .. arn
    key.line = key.id .. "#" .. base64(der)
  else
    key.id = "ed25519:" .. base64(der:sub(-32))
    key.line = key.id
  end
  return key
end

--- The signature of the text, in base64.
function publish.sign(key, text, salt)
  local path = key.path .. ".text"
  files.write(path, text)
  local argv = { OPENSSL, table.unpack(key.kind.sign) }
  for i, word in ipairs(argv) do
    argv[i] = salt and word:gsub("saltlen:32", "saltlen:" .. salt) or word
  end
  argv[#argv + 1], argv[#argv + 2] = key.kind.key, key.path
  if key.kind.input then
    argv[#argv + 1] = key.kind.input
  end
  argv[#argv + 1] = path
  local signature = run(argv)
  os.remove(path)
  return base64(signature)
end

publish.policy = [[
version: "1"
rules:
  - name: dev-everyone
    effect: allow
    conditions: {profiles: [dev]}
    reason: Development is open
    max_duration: 1h
]]

--- Writes a bundle's folder: {name = "dev", serial = 1, policy, targets, installation, more, files}.
function publish.write(folder, bundle)
  files.make_folder(folder)
  local lines = { "sentinel_bundle: 1", "name: " .. (bundle.name or "dev"),
    "serial: " .. (bundle.serial or 1), "policy: policy.yaml" }
  if bundle.installation ~= false then
    lines[#lines + 1] = "installation: " .. (bundle.installation or "acme-aws")
  end
  if bundle.targets ~= false then
    lines[#lines + 1] = "targets: " .. (bundle.targets
      or '{dev: ["arn:aws:iam::123456789012:role/Dev"]}')
  end
  lines[#lines + 1] = bundle.more or ""
  files.write(folder .. "/bundle.yaml", table.concat(lines, "\n") .. "\n")
  files.write(folder .. "/policy.yaml", bundle.policy or publish.policy)
  for name, text in pairs(bundle.files or {}) do
    files.write(folder .. "/" .. name, text)
  end
  return folder
end

--- Its packed bytes.
function publish.pack(folder, bundle)
  local path = publish.write(folder, bundle)
  local out = folder .. ".bundle"
  os.remove(out)
  local result = process.run({ settings.bin, "policy", "pack", path, "--out", out },
    { environment = { HOME = folder, PATH = "/usr/bin:/bin" } })
  assert(result.status == 0, result.stderr)
  return files.read(out)
end

local function sha256(bytes)
  local path = os.tmpname()
  files.write(path, bytes)
  local text = run { OPENSSL, "dgst", "-sha256", "-r", path }
  os.remove(path)
  return text:match("^(%x+)")
end

--- In hex.
publish.sha256 = sha256

local PART = 3072

--- What SSM holds of it: {[name] = value}, and the hash.
function publish.parts(packed)
  local parts, hash = {}, sha256(packed)
  for at = 1, #packed, PART do
    parts[("%s/%s/%d"):format(publish.folder, hash, (at - 1) // PART)] =
      base64(packed:sub(at, at + PART - 1))
  end
  return parts, hash
end

function publish.time(offset_s)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + offset_s)
end

local function signatures_of(fields, signed, keys)
  local list = {}
  for i, key in ipairs(keys or {}) do
    list[i] = ('{"key":"%s","algorithm":"%s","signature":"%s"}'):format(key.id, key.kind.algorithm,
      publish.sign(key, signed, fields.salt))
  end
  return table.concat(list, ",")
end

--- The pointer: fields is {name, serial, installation, not_before, not_after, sha256, size, parts};
-- what is missing is as it should be.
function publish.pointer(packed, fields, keys)
  local value = {
    name = fields.name or "dev", serial = fields.serial or 1,
    sha256 = fields.sha256 or sha256(packed), size = fields.size or #packed,
    parts = fields.parts or (#packed + PART - 1) // PART,
    not_before = fields.not_before or "-", not_after = fields.not_after or publish.time(24 * 3600),
    installation = fields.installation or "acme-aws",
  }
  local signed = ("sentinel-bundle-v1\n%s\n%s\n%d\n%s\n%d\n%s\n%s\n"):format(value.installation,
    value.name, value.serial, value.sha256, value.size, value.not_before, value.not_after)
  return ('{"sentinel_pointer":1,"name":"%s","serial":%d,"sha256":"%s","size":%d,"parts":%d,'
    .. '"not_before":"%s","not_after":"%s","installation":"%s","signatures":[%s]}'):format(value.name,
    value.serial, value.sha256, value.size, value.parts, value.not_before, value.not_after,
    value.installation, signatures_of(fields, fields.signed or signed, keys))
end

--- What a region of the fault server holds then.
function publish.region(name, pointer, ...)
  local region = { ["/sentinel/policies/" .. name] = { { Value = pointer, Version = 3 } } }
  for _, parts in ipairs { ... } do
    for part, value in pairs(parts) do
      region[part] = { { Value = value } }
    end
  end
  return region
end

return publish
