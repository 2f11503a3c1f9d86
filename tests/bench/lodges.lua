-- wrk: lodges the cases of a file in turn, each "bearer token<TAB>body", under Idempotency-Keys that begin with the second argument.
dofile((debug.getinfo(1, "S").source:match("^@(.*)lodges%.lua$") or "") .. "report.lua")

local before, after, n, i, serial, prefix = {}, {}, 0, 0, 0, ""

function init(args)
  prefix = args[2]
  for line in io.lines(args[1]) do
    local token, body = line:match("^([^\t]+)\t(.*)$")
    local whole = wrk.format("POST", "/api/v1/complaints",
      { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token, ["Idempotency-Key"] = "@KEY@" }, body)
    local from, to = whole:find("@KEY@", 1, true)
    before[#before + 1] = whole:sub(1, from - 1)
    after[#after + 1] = whole:sub(to + 1)
  end
  n = #before
end

function request()
  i = i % n + 1
  serial = serial + 1
  return before[i] .. prefix .. serial .. after[i]
end
