#= attack = "Writes every byte there is, invalid UTF-8 and a sequence cut off in its middle: what comes back has to be bytes, not a failure."
#= verdict = "ok"
import os

os.write(1, bytes(range(256)) + b"\xff\xfe\xed\xa0\x80\xc0\x80\xf4\x90\x80\x80" + "€".encode()[:2])
os.write(2, b"\x00\xff\xe2\x82")
