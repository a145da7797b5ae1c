#= verdict = "memory_exceeded"
#= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
hoard <- list()
repeat hoard[[length(hoard) + 1]] <- rep(length(hoard) + 0.5, 131072)
