//= verdict = "runtime_error"
//= exit_code = 1
//= says = "line.ts:9"
interface Box {
  lid?: { open(): void };
}

const box: Box = JSON.parse("{}");
box.lid!.open();
