//= path = "main.ts"
//= stdout = "42\n"
//= files."lib/twice.ts" = "export const twice = (n: number): number => 2 * n;\n"
import { twice } from "./lib/twice";

console.log(twice(21));
