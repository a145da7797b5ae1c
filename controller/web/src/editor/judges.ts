/** Programs that judge others: a first one in some languages. How they are started and what they say: docs/judging.md. */

import type { Judge, LanguageInfo } from '../shared/types';
import { example } from './examples';
import { extension } from './files';

export type JudgeKind = 'checker' | 'interactor';

/** By the ends of files. */
const CHECKERS: Record<string, string> = {
  py: `import sys

given, actual, expected = (open(path).read() for path in sys.argv[1:4])

if sorted(actual.split()) == sorted(expected.split()):
    sys.exit(0)  # right
print("These are not the expected words in any order.")
sys.exit(1)  # wrong
`,
  cpp: `#include <fstream>
#include <iostream>

int main(int, char** argv) {
    std::ifstream actual(argv[2]), expected(argv[3]);
    long long one, other;
    while (expected >> other) {
        if (!(actual >> one) || one % 1000 != other % 1000) {
            std::cout << "The last three digits differ.\\n";
            return 1;  // wrong
        }
    }
    return 0;  // right
}
`,
};

const INTERACTORS: Record<string, string> = {
  py: `import sys

secret = int(open(sys.argv[1]).read())
for _ in range(20):
    guess = int(input())
    if guess == secret:
        print("right", flush=True)
        sys.exit(0)  # right
    print("higher" if guess < secret else "lower", flush=True)
print("20 guesses were not enough.", file=sys.stderr)
sys.exit(1)  # wrong
`,
  cpp: `#include <fstream>
#include <iostream>

int main(int, char** argv) {
    int secret, guess;
    std::ifstream(argv[1]) >> secret;
    for (int n = 0; n < 20 && std::cin >> guess; n++) {
        if (guess == secret) {
            std::cout << "right" << std::endl;
            return 0;  // right
        }
        std::cout << (guess < secret ? "higher" : "lower") << std::endl;
    }
    std::cerr << "20 guesses were not enough.\\n";
    return 1;  // wrong
}
`,
};

/** A judge to begin with; in languages that have none here, an empty file that is called as their programs are. */
export function firstJudge(kind: JudgeKind, language: Pick<LanguageInfo, 'id' | 'extensions'>): Judge {
  const { path } = example(language.id, language.extensions[0]);
  const texts = kind === 'checker' ? CHECKERS : INTERACTORS;
  return { language: language.id, files: [{ path, content: texts[extension(path)] ?? '' }] };
}

/** Nobody has changed it, so that another may take its place. */
export function isUntouched(kind: JudgeKind, judge: Judge): boolean {
  const [file, ...more] = judge.files;
  if (!file || more.length > 0) return false;
  const texts = kind === 'checker' ? CHECKERS : INTERACTORS;
  return !file.content || file.content === texts[extension(file.path)];
}
