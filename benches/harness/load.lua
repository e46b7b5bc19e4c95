-- The requests of a workload, for wrk:
--
--     wrk … -s load.lua URL -- WORKLOAD TOKEN SEED USERS
--
-- Writes one line of JSON at the end, with times in microseconds.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local POSTS = 10000
local ROWS = 1000
local CONTENT = "Of what is new there is little to tell, and of what is old there was always too much of it."

local function get(path, token)
  return "GET " .. path .. " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " .. token .. "\r\n\r\n"
end

local function send(method, path, token, body)
  return method .. " " .. path .. " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    .. "Authorization: Bearer " .. token .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

-- The id of the post with a number, as the seed writes it.
local function post_id(number)
  local digits = string.format("%012x", number)
  return digits:sub(1, 8) .. "-" .. digits:sub(9) .. "-7000-a000-" .. digits
end

local function random_id()
  return post_id(math.random(POSTS))
end

local function constant(text)
  return function() return text end
end

local function slug_prefix(seed)
  return "new-" .. seed .. "-" .. number .. "-"
end

local makers = {}

-- Requests for reads are made in advance, so that the load generator takes less of the machine.
function makers.read(token)
  local made = {}
  for nth = 1, 4096 do made[nth] = get("/api/posts/" .. random_id(), token) end
  return function() return made[math.random(#made)] end
end

makers.during_log_ins = makers.read

function makers.list(token)
  return constant(get("/api/posts?status=published&sort=-publishedAt&limit=20&count=false", token))
end

function makers.total(token)
  return constant(get("/api/posts?status=published&sort=-publishedAt&limit=20", token))
end

function makers.include(token)
  local query = "sort=-id&limit=20&count=false&fields=%2Bauthor,%2Bcomments&comments[limit]=5"
  return constant(get("/api/posts?" .. query, token))
end

local function post_body(nth, slug)
  return '{"title":"Letter ' .. nth .. '","slug":"' .. slug .. nth .. '","content":"' .. CONTENT .. '"}'
end

function makers.create(token, seed)
  local nth, slug = 0, slug_prefix(seed)
  return function()
    nth = nth + 1
    return send("POST", "/api/posts", token, post_body(nth, slug))
  end
end

function makers.many(token, seed)
  local batch, slug = 0, slug_prefix(seed)
  return function()
    batch = batch + 1
    local bodies = {}
    for nth = 1, ROWS do bodies[nth] = post_body(nth, slug .. batch .. "-") end
    return send("POST", "/api/posts/many", token, "[" .. table.concat(bodies, ",") .. "]")
  end
end

function makers.update(token)
  local nth = 0
  return function()
    nth = nth + 1
    return send("PATCH", "/api/posts/" .. random_id(), token, '{"title":"Changed ' .. number .. " " .. nth .. '"}')
  end
end

function makers.log_in(token, _, users)
  local nth = number
  return function()
    nth = nth + 1
    local body = '{"username":"busy' .. nth % users .. '","password":"Correct-Horse-7"}'
    return "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
      .. #body .. "\r\n\r\n" .. body
  end
end

function init(args)
  math.randomseed(tonumber(args[3]) + number * 7919)
  request = makers[args[1]](args[2], args[3], tonumber(args[4]))
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
