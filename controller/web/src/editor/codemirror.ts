/** The text editor itself: one view, and for each file a state with its own history. */

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, defaultHighlightStyle, foldGutter, foldKeymap, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic as Mark, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension, Prec, type Text } from '@codemirror/state';
import {
  crosshairCursor, drawSelection, dropCursor, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap,
  lineNumbers, rectangularSelection,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { Diagnostic } from './diagnostics';
import { indentOf, load } from './modes';

/** The colours are those of the page's style sheet, which knows light from dark. */
const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.self, tags.bool, tags.null, tags.atom], color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.character], color: 'var(--code-string)' },
  { tag: [tags.number, tags.escape], color: 'var(--code-number)' },
  { tag: tags.comment, color: 'var(--code-comment)', fontStyle: 'italic' },
  { tag: [tags.function(tags.variableName), tags.function(tags.definition(tags.variableName)), tags.function(tags.propertyName)], color: 'var(--code-function)' },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.standard(tags.typeName), tags.standard(tags.variableName)], color: 'var(--code-type)' },
  { tag: [tags.meta, tags.processingInstruction, tags.annotation], color: 'var(--code-number)' },
]);

const LOOK = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--surface)', color: 'var(--text)', fontSize: 'var(--code-size)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5' },
  '.cm-content': { caretColor: 'var(--text)', paddingBottom: '4rem' },
  '.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--text)', borderLeftWidth: '2px' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--muted)', border: 'none', borderRight: '1px solid var(--line)' },
  '.cm-activeLine': { backgroundColor: 'var(--code-line)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--line)', color: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'var(--code-selection)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--code-selection)', outline: '1px solid var(--accent)' },
  '.cm-selectionMatch': { backgroundColor: 'var(--code-selection)' },
  '.cm-searchMatch': { backgroundColor: 'var(--warn-soft)', outline: '1px solid var(--accent)' },
  '.cm-panels': { backgroundColor: 'var(--sunken)', color: 'var(--text)', borderColor: 'var(--line)' },
  '.cm-panel.cm-search': { fontSize: '0.9rem' },
  '.cm-panel.cm-search label': { display: 'inline-flex' },
  '.cm-panel .cm-button': { backgroundImage: 'none', backgroundColor: 'var(--surface)', border: '1px solid var(--line)', color: 'var(--text)' },
  '.cm-textfield': { backgroundColor: 'var(--surface)', border: '1px solid var(--line)', color: 'var(--text)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', border: '1px solid var(--line)', color: 'var(--text)', boxShadow: 'var(--shadow)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent-strong)', color: 'var(--on-accent)' },
  '.cm-diagnostic': { fontFamily: 'var(--mono)', whiteSpace: 'pre-wrap' },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--sunken)', color: 'var(--muted)', border: '1px solid var(--line)' },
  '.cm-lint-marker': { width: '0.9em', height: '0.9em' },
});

export interface Shown {
  /** Which file: each has a state of its own. */
  id: string;
  text: string;
  mode: string | undefined;
  label: string;
}

interface Callbacks {
  change(id: string, text: string): void;
  run(): void;
}

export class CodeView {
  readonly #view: EditorView;
  readonly #callbacks: Callbacks;
  readonly #states = new Map<string, EditorState>();
  readonly #mode = new Compartment();
  readonly #indent = new Compartment();
  readonly #label = new Compartment();
  readonly #phrases = new Compartment();
  #id = '';
  #modeName: string | undefined;
  #texts: Record<string, string> = {};
  /** The label and the words that the state shown was told last. */
  #told: unknown[] = [];

  constructor(parent: HTMLElement, callbacks: Callbacks) {
    this.#callbacks = callbacks;
    this.#view = new EditorView({ parent });
  }

  /** Shows a file; what was typed in another stays with that. A text that is not the one it has replaces it. */
  show(shown: Shown): void {
    if (shown.id !== this.#id) {
      if (this.#id) this.#states.set(this.#id, this.#view.state);
      this.#id = shown.id;
      this.#modeName = undefined;
      this.#told = [];
      this.#view.setState(this.#states.get(shown.id) ?? this.#begin(shown));
    }
    const { state } = this.#view;
    if (state.doc.length !== shown.text.length || state.doc.toString() !== shown.text) {
      this.#view.dispatch({ changes: { from: 0, to: state.doc.length, insert: shown.text } });
    }
    this.#tell(shown.label);
    if (shown.mode !== this.#modeName) void this.#colour(shown.id, shown.mode);
  }

  /** CodeMirror's own words, from its English to the page's language. */
  speak(texts: Record<string, string>): void {
    this.#texts = texts;
    if (this.#id) this.#tell(this.#told[0] as string);
  }

  /** Files that are gone are forgotten. */
  keepOnly(ids: readonly string[]): void {
    for (const id of this.#states.keys()) if (!ids.includes(id)) this.#states.delete(id);
  }

  /** Marks lines of the file that is shown. */
  mark(found: readonly Diagnostic[]): void {
    const { doc } = this.#view.state;
    this.#view.dispatch(setDiagnostics(this.#view.state, found.map((one) => toMark(doc, one))));
  }

  goTo(line: number, column = 1): void {
    const at = position(this.#view.state.doc, line, column);
    this.#view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
    this.#view.focus();
  }

  measure(): void {
    this.#view.requestMeasure();
  }

  destroy(): void {
    this.#view.destroy();
  }

  #tell(label: string): void {
    if (this.#told[0] === label && this.#told[1] === this.#texts) return;
    this.#told = [label, this.#texts];
    this.#view.dispatch({ effects: [this.#label.reconfigure(labelled(label)), this.#phrases.reconfigure(EditorState.phrases.of(this.#texts))] });
  }

  #begin({ text, label }: Shown): EditorState {
    return EditorState.create({
      doc: text,
      extensions: [
        ...EXTENSIONS,
        Prec.highest(keymap.of([{ key: 'Mod-Enter', preventDefault: true, run: () => (this.#callbacks.run(), true) }])),
        this.#mode.of([]),
        this.#indent.of(indentation(undefined)),
        this.#label.of(labelled(label)),
        this.#phrases.of([]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) this.#callbacks.change(this.#id, update.state.doc.toString());
        }),
      ],
    });
  }

  async #colour(id: string, mode: string | undefined): Promise<void> {
    this.#modeName = mode;
    const support = mode === undefined ? [] : await load(mode);
    // By now another file, or another language, may be shown.
    if (this.#id !== id || this.#modeName !== mode) return;
    this.#view.dispatch({ effects: [this.#mode.reconfigure(support ?? []), this.#indent.reconfigure(indentation(mode))] });
  }
}

const EXTENSIONS: Extension[] = [
  lineNumbers(),
  highlightActiveLineGutter(),
  highlightSpecialChars(),
  history(),
  foldGutter(),
  lintGutter(),
  drawSelection(),
  dropCursor(),
  EditorState.allowMultipleSelections.of(true),
  indentOnInput(),
  syntaxHighlighting(COLOURS),
  syntaxHighlighting(defaultHighlightStyle, { fallback: true }),
  bracketMatching(),
  closeBrackets(),
  autocompletion(),
  rectangularSelection(),
  crosshairCursor(),
  highlightActiveLine(),
  highlightSelectionMatches(),
  LOOK,
  keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
];

const labelled = (label: string): Extension => EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' });

function indentation(mode: string | undefined): Extension {
  return [indentUnit.of(indentOf(mode)), EditorState.tabSize.of(indentOf(mode) === '\t' ? 4 : Math.max(4, indentOf(mode).length))];
}

/** A place in the text, also where the text has become shorter meanwhile. */
function position(doc: Text, line: number, column: number): number {
  const { from, to } = doc.line(Math.max(1, Math.min(doc.lines, line)));
  return Math.min(to, from + Math.max(0, column - 1));
}

function toMark(doc: Text, { line, column, severity, message }: Diagnostic): Mark {
  const { from, to, text } = doc.line(Math.max(1, Math.min(doc.lines, line)));
  const start = column === undefined ? from + (text.length - text.trimStart().length) : position(doc, line, column);
  const word = /^\w+|^./.exec(doc.sliceString(start, to))?.[0] ?? '';
  const end = column === undefined ? to : start + word.length;
  return { from: Math.min(start, to), to: Math.max(Math.min(start, to), end), severity, message };
}
