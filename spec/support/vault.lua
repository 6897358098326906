--- What aws-vault keeps: the text of its items, and its keyrings of files.
local cjson = require "cjson"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"

local vault = {}

vault.passphrase = "open sesame"

local function base64(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  local pipe = io.popen("base64 -w0 " .. files.quote(path))
  local encoded = pipe:read "a"
  pipe:close()
  os.remove(path)
  return encoded
end

--- The text of an item; more is laid over it.
function vault.item(name, key, more)
  local data = cjson.encode { AccessKeyID = key.id, SecretAccessKey = key.secret, SessionToken = key.token or "",
    ProviderName = "" }
  local item = { Key = name, Data = base64(data), Label = "aws-vault (" .. name .. ")", Description = "",
    KeychainNotTrustApplication = true, KeychainNotSynchronizable = false }
  for field, value in pairs(more or {}) do
    item[field] = value
  end
  return cjson.encode(item)
end

--- Writes files, made by python3-jwcrypto. items: name -> text.
function vault.write_files(folder, items, passphrase)
  local lines = {}
  for name, text in pairs(items) do
    lines[#lines + 1] = cjson.encode { name = name, text = text }
  end
  local result = process.run({ "/usr/bin/python3", settings.source .. "/spec/support/vault_keys.py", folder,
    passphrase or vault.passphrase }, { environment = { PATH = "/usr/bin:/bin" },
    stdin = table.concat(lines, "\n") .. "\n" })
  assert(result.status == 0, result.stderr)
end

--- Whether the independent implementation is installed.
function vault.is_there()
  return os.execute "/usr/bin/python3 -c 'import jwcrypto' 2>/dev/null" == true
end

return vault
