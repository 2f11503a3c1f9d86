-- wrk: asks the lines of a file in turn, each "path" or "path<TAB>bearer token"; all requests are made before the clock starts.
dofile((debug.getinfo(1, "S").source:match("^@(.*)asks%.lua$") or "") .. "report.lua")

local made, n, i = {}, 0, 0

function init(args)
  for line in io.lines(args[1]) do
    local path, token = line:match("^([^\t]+)\t?(.*)$")
    local headers = {}
    if token ~= "" then
      headers["Authorization"] = "Bearer " .. token
    end
    made[#made + 1] = wrk.format("GET", path, headers)
  end
  n = #made
end

function request()
  i = i % n + 1
  return made[i]
end
