/** Talking with a running program over a WebSocket, which comes back by itself after a cut. */

import { address, part } from '../shared/api';
import { toBase64 } from '../shared/content';
import type { JobEvent, TerminalSize } from '../shared/types';
import { type Follower, lookWhetherGone } from './follow';
import { Input } from './input';

export interface Conversation {
  send(text: string | Uint8Array): void;
  /** No more input. */
  end(): void;
  /** What a key at a terminal would tell the program; a program that does not run is told nothing. */
  signal(name: 'INT'): void;
  /** The program's terminal has this size now. */
  resize(size: TerminalSize): void;
  close(): void;
}

type Message = { number: number; event: JobEvent } | { stdin: number };

const PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5000;

/** Follows the job and sends it input, until it has finished or is gone. The size is that of its terminal, where it has one. */
export function converse(id: string, follower: Follower, size?: TerminalSize): Conversation {
  const input = new Input();
  let seen = 0;
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = PAUSE_MS;
  let isOver = false;
  /** The controller has said what it has, so that nothing is sent twice. */
  let isWelcome = false;
  let terminal = size;

  const say = (message: object): void => {
    if (isWelcome && socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  const pump = (): void => {
    if (!isWelcome || socket?.readyState !== WebSocket.OPEN) return;
    for (const piece of input.next()) say(piece === 'end' ? { type: 'stdin_end' } : { type: 'stdin', base64: toBase64(piece) });
  };
  const close = (): void => {
    isOver = true;
    clearTimeout(timer);
    socket?.close();
  };
  const take = (message: Message): void => {
    if ('stdin' in message) {
      input.acknowledge(message.stdin);
      const isFirst = !isWelcome;
      isWelcome = true;
      // The window may have changed while there was no connection.
      if (isFirst && terminal) say({ type: 'resize', ...terminal });
      pump();
    } else if (message.number > seen) {
      seen = message.number;
      const { event } = message;
      if (event.type === 'finished') close();
      // It runs only now, and what it was told before it did not hear.
      if (event.type === 'step_started' && event.step > 0 && terminal) say({ type: 'resize', ...terminal });
      follower.event(seen, event);
    }
  };
  const connect = (): void => {
    follower.link('connecting');
    const opened = new WebSocket(address(`/jobs/${part(id)}/stream`, { after: seen || undefined }));
    socket = opened;
    opened.addEventListener('open', () => {
      pause = PAUSE_MS;
      input.reconnect();
      isWelcome = false;
      follower.link('open');
    });
    opened.addEventListener('message', (event) => take(JSON.parse(event.data as string) as Message));
    opened.addEventListener('close', () => {
      if (isOver || socket !== opened) return;
      follower.link('lost');
      void lookWhetherGone(id, () => (close(), follower.gone()));
      timer = setTimeout(connect, pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    });
  };
  connect();
  return {
    send(text) {
      input.add(text);
      pump();
    },
    end() {
      input.end();
      pump();
    },
    signal: (name) => say({ type: 'signal', signal: name }),
    resize(now) {
      terminal = now;
      say({ type: 'resize', ...now });
    },
    close,
  };
}
