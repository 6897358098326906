--- Addresses and blocks of them (RFC 4632, RFC 4291), as strings of bytes: 4 of IPv4, 16 of IPv6.
local network = {}

local function parse_ipv4(text)
  local parts = { text:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$") }
  if #parts ~= 4 then
    return nil
  end
  for i, part in ipairs(parts) do
    local number = tonumber(part)
    if #part > 3 or number > 255 or (#part > 1 and part:sub(1, 1) == "0") then
      return nil
    end
    parts[i] = string.char(number)
  end
  return table.concat(parts)
end

-- The bytes of groups with ":" between them; an IPv4 address may stand for the last two.
local function parse_groups(text)
  local bytes = {}
  if text == "" then
    return ""
  end
  for group in (text .. ":"):gmatch("(.-):") do
    if group:find("^%x%x?%x?%x?$") then
      local number = tonumber(group, 16)
      bytes[#bytes + 1] = string.char(number >> 8, number & 0xFF)
    else
      return nil
    end
  end
  return table.concat(bytes)
end

local function parse_ipv6(text)
  local head, last = text:match("^(.*:)([%d.]+)$")
  if last and last:find(".", 1, true) then
    local bytes = parse_ipv4(last)
    if not bytes then
      return nil
    end
    text = ("%s%x:%x"):format(head, bytes:byte(1) << 8 | bytes:byte(2),
      bytes:byte(3) << 8 | bytes:byte(4))
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
function network.parse_address(text)
  if #text > 45 then
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

--- {text, base, bits} of "10.0.0.0/8", or nil and what to write.
function network.parse_block(text)
  local address, bits = text:match("^([^/]*)/(%d%d?%d?)$")
  if not address then
    return nil, network.parse_address(text) and ("write %s/%d"):format(text,
      text:find(":", 1, true) and 128 or 32) or "write it as 10.0.0.0/8 or 2001:db8::/32"
  end
  local base = network.parse_address(address)
  local size = tonumber(bits)
  if not base or size > #base * 8 or (#bits > 1 and bits:sub(1, 1) == "0") then
    return nil, "write it as 10.0.0.0/8 or 2001:db8::/32"
  elseif mask(base, size) ~= base then
    return nil, ("the address has bits beyond the first %d"):format(size)
  end
  return { text = text, base = base, bits = size }
end

--- Whether the address (bytes) is in the block.
function network.is_in(address, block)
  return #address == #block.base and mask(address, block.bits) == block.base
end

--- The text of an address in bytes.
function network.format(bytes)
  local parts = {}
  if #bytes == 4 then
    return ("%d.%d.%d.%d"):format(bytes:byte(1, 4))
  end
  for i = 1, #bytes, 2 do
    parts[#parts + 1] = ("%x"):format(bytes:byte(i) << 8 | bytes:byte(i + 1))
  end
  return table.concat(parts, ":")
end

--- The block of twice the size that the block is in.
function network.widen(block)
  local bits = block.bits - 1
  local base = mask(block.base, bits)
  return { text = ("%s/%d"):format(network.format(base), bits), base = base, bits = bits }
end

return network
