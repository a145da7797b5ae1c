//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
const hoard: number[][] = [];
for (;;) hoard.push(new Array<number>(100000).fill(hoard.length + 0.5));
