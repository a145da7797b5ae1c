/** The terminal, fetched only where somebody wants it. */

import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { type Deed, LineEditor } from './line';
import type { Source } from './output';

const ERROR = ['\x1b[3;31m', '\x1b[0m'];
const SCROLLBACK = 10_000;

export class TerminalView {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #watch: ResizeObserver;
  readonly #parent: HTMLElement;
  #line = new LineEditor();
  #isAccepting = false;

  constructor(parent: HTMLElement, perform: (deed: Deed) => void) {
    this.#parent = parent;
    this.#terminal = new Terminal({
      convertEol: true,
      screenReaderMode: true,
      scrollback: SCROLLBACK,
      cursorBlink: false,
      // A program may write links; nobody shall follow them by a click.
      linkHandler: { activate: () => undefined },
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.open(parent);
    this.#terminal.attachCustomKeyEventHandler((event) => !this.#belongsToPage(event));
    this.#terminal.onData((data) => this.#type(data, perform));
    this.#watch = new ResizeObserver(() => this.#fit.fit());
    this.#watch.observe(parent);
  }

  /** Shows output; a line that is being typed stays behind it. */
  write(source: Source, text: string): void {
    const { before, after } = this.#line.around();
    const shown = source === 'stderr' ? ERROR.join(text) : text;
    this.#terminal.write(before + shown + after);
  }

  /** Whether what is typed goes anywhere. */
  accept(isAccepting: boolean): void {
    this.#isAccepting = isAccepting;
    this.#terminal.options.disableStdin = !isAccepting;
  }

  clear(): void {
    this.#line = new LineEditor();
    this.#terminal.reset();
  }

  focus(): void {
    this.#terminal.focus();
  }

  label(text: string): void {
    this.#terminal.textarea?.setAttribute('aria-label', text);
  }

  /** Letters in pixels; the colours are those of the page. */
  look(letters: number, isDark: boolean): void {
    const style = getComputedStyle(this.#parent);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    this.#terminal.options.fontSize = letters;
    this.#terminal.options.fontFamily = colour('--mono');
    this.#terminal.options.minimumContrastRatio = 4.5;
    this.#terminal.options.theme = {
      background: colour('--surface'),
      foreground: colour('--text'),
      cursor: colour('--text'),
      selectionBackground: isDark ? '#6b5520' : '#f2cf8a',
      red: colour('--bad'),
      green: colour('--good'),
    };
    this.#fit.fit();
  }

  destroy(): void {
    this.#watch.disconnect();
    this.#terminal.dispose();
  }

  /** Tab leaves the terminal, and Ctrl+C copies where something is selected. */
  #belongsToPage(event: KeyboardEvent): boolean {
    if (event.key === 'Tab') return true;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) return true;
    return event.ctrlKey && event.key === 'c' && this.#terminal.hasSelection();
  }

  #type(data: string, perform: (deed: Deed) => void): void {
    if (!this.#isAccepting) return;
    const { echo, deeds } = this.#line.type(data);
    if (echo) this.#terminal.write(echo);
    deeds.forEach(perform);
  }
}
