-- = verdict = "memory_exceeded"
-- = limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
local hoard = {}
while true do
  hoard[#hoard + 1] = string.rep("x", 1048576) .. #hoard
end
