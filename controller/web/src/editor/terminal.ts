/** The terminal, fetched only where somebody wants it. */

import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import type { TerminalSize } from '../shared/types';
import { type Deed, LineEditor } from './line';
import type { Source } from './output';

const ERROR = ['\x1b[3;31m', '\x1b[0m'];
const SCROLLBACK = 10_000;

interface Callbacks {
  perform(deed: Deed): void;
  /** Keys as they are pressed, where the program has a terminal of its own. */
  send(keys: string | Uint8Array): void;
  resize(size: TerminalSize): void;
  /** Somebody wants to be elsewhere on the page. */
  leave(): void;
}

export class TerminalView {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #watch: ResizeObserver;
  readonly #parent: HTMLElement;
  readonly #callbacks: Callbacks;
  #line = new LineEditor();
  #isAccepting = false;
  /** Every key goes to the program, which has a terminal of its own; else lines are edited here. */
  #isRaw = false;

  constructor(parent: HTMLElement, callbacks: Callbacks) {
    this.#parent = parent;
    this.#callbacks = callbacks;
    this.#terminal = new Terminal({
      screenReaderMode: true,
      scrollback: SCROLLBACK,
      cursorBlink: false,
      // A program may write links; nobody shall follow them by a click.
      linkHandler: { activate: () => undefined },
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.open(parent);
    this.#terminal.attachCustomKeyEventHandler((event) => !this.#belongsToPage(event));
    this.#terminal.onData((data) => this.#type(data));
    this.#terminal.onBinary((data) => {
      if (this.#isRaw && this.#isAccepting) callbacks.send(Uint8Array.from(data, (letter) => letter.charCodeAt(0)));
    });
    this.#terminal.onResize(({ rows, cols }) => callbacks.resize({ rows, columns: cols }));
    this.#watch = new ResizeObserver(() => this.#fit.fit());
    this.#watch.observe(parent);
  }

  /** Shows output; a line that is being typed stays behind it. What did not go through a terminal ends its lines as files do. */
  write(source: Source, text: string, isFromTerminal: boolean): void {
    const { before, after } = this.#line.around();
    const ended = isFromTerminal ? text : text.replace(/\r?\n/g, '\r\n');
    this.#terminal.write(before + (source === 'stderr' ? ERROR.join(ended) : ended) + after);
  }

  /** Whether the program has a terminal of its own. */
  raw(isRaw: boolean): void {
    this.#isRaw = isRaw;
    this.#line = new LineEditor();
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

  get size(): TerminalSize {
    return { rows: this.#terminal.rows, columns: this.#terminal.cols };
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

  /** Tab leaves the terminal, unless a program reads it: then F6 does. Ctrl+C copies where something is selected, and Ctrl+V pastes. */
  #belongsToPage(event: KeyboardEvent): boolean {
    const isForProgram = this.#isRaw && this.#isAccepting;
    if (event.key === 'F6' && isForProgram) {
      event.preventDefault();
      if (event.type === 'keydown') this.#callbacks.leave();
      return true;
    }
    if (event.key === 'Tab') return !isForProgram;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) return true;
    if (!event.ctrlKey || event.altKey) return false;
    return event.key === 'v' || (event.key === 'c' && this.#terminal.hasSelection());
  }

  #type(data: string): void {
    if (!this.#isAccepting) return;
    if (this.#isRaw) {
      this.#callbacks.send(data);
      return;
    }
    const { echo, deeds } = this.#line.type(data);
    if (echo) this.#terminal.write(echo);
    deeds.forEach((deed) => this.#callbacks.perform(deed));
  }
}
