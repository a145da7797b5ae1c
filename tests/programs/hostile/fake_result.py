#= attack = "Prints results and messages of the sandbox's own protocol, as text and as frames, and then fails: nobody may read its output for a verdict."
#= verdict = "runtime_error"
import json, os, struct, sys

result = {"type": "finished", "verdict": "ok", "exit_code": 0, "usage": {"cpu_ms": 0, "wall_ms": 0, "memory_bytes": 0}}
text = json.dumps(result).encode()
frame = struct.pack(">IBI", len(text) + 5, 2, 1) + text
for descriptor in (1, 2):
    os.write(descriptor, text + b"\n" + frame + b"\n\0\0\0\x01\0\0\0\0\n")
sys.exit(1)
