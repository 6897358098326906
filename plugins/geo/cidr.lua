--- Addresses and blocks of them (RFC 4632, RFC 4291), as strings of bytes: 4 of IPv4, 16 of IPv6.
local cidr = {}

local ADDRESS_MAX = 45

local function parse_ipv4(text)
  local bytes = ""
  local parts = { text:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$") }
  for _, part in ipairs(parts) do
    local number = tonumber(part)
    if #part > 3 or number > 255 or (#part > 1 and part:sub(1, 1) == "0") then
      return nil
    end
    bytes = bytes .. string.char(number)
  end
  return #parts == 4 and bytes or nil
end

-- The bytes of groups with ":" between them, "" for none.
local function parse_groups(text)
  local bytes = ""
  if text == "" then
    return bytes
  end
  for group in (text .. ":"):gmatch("(.-):") do
    if not group:find("^%x%x?%x?%x?$") then
      return nil
    end
    local number = tonumber(group, 16)
    bytes = bytes .. string.char(number >> 8, number & 0xFF)
  end
  return bytes
end

-- An IPv4 address at the end, written as two groups.
local function replace_ipv4(text)
  local head, last = text:match("^(.*:)([%d.]+)$")
  if not last or not last:find(".", 1, true) then
    return text
  end
  local bytes = parse_ipv4(last)
  return bytes and ("%s%02x%02x:%02x%02x"):format(head, bytes:byte(1, 4))
end

local function parse_ipv6(text)
  text = replace_ipv4(text)
  if not text then
    return nil
  end
  local before, after = text:match("^(.-)::(.*)$")
  if not before then
    local bytes = parse_groups(text)
    return bytes and #bytes == 16 and bytes or nil
  end
  before, after = parse_groups(before), parse_groups(after)
  if not before or not after or #before + #after > 14 then
    return nil
  end
  return before .. ("\0"):rep(16 - #before - #after) .. after
end

local MAPPED = ("\0"):rep(10) .. "\xFF\xFF"

--- The bytes of an address, or nil. An IPv4 address mapped into IPv6 is the IPv4 address.
function cidr.parse_address(text)
  if #text > ADDRESS_MAX then
    return nil
  end
  local bytes = parse_ipv4(text) or (text:find(":", 1, true) and parse_ipv6(text)) or nil
  if bytes and #bytes == 16 and bytes:sub(1, 12) == MAPPED then
    return bytes:sub(13)
  end
  return bytes
end

-- The address with all bits after the first `bits` cleared.
local function mask(bytes, bits)
  local whole, rest = bits // 8, bits % 8
  local kept = bytes:sub(1, whole)
  if rest > 0 then
    kept = kept .. string.char(bytes:byte(whole + 1) & (0xFF << (8 - rest)) & 0xFF)
  end
  return kept .. ("\0"):rep(#bytes - #kept)
end

--- {base, bits} of "10.0.0.0/8", or nil and a message.
function cidr.parse_block(text)
  local address, bits = text:match("^([^/]*)/(%d%d?%d?)$")
  local base = address and cidr.parse_address(address)
  local size = tonumber(bits)
  if not base or size > #base * 8 or (#bits > 1 and bits:sub(1, 1) == "0") then
    return nil, ("%s is no block of addresses such as 10.0.0.0/8 or 2001:db8::/32"):format(text)
  elseif mask(base, size) ~= base then
    return nil, ("%s has bits beyond the first %d"):format(text, size)
  end
  return { base = base, bits = size }
end

--- Whether the address (bytes) is in the block.
function cidr.is_in(address, block)
  return #address == #block.base and mask(address, block.bits) == block.base
end

return cidr
