/** Talking with a running program over a WebSocket, which comes back by itself after a cut. */

import { address, part } from '../shared/api';
import { toBase64 } from '../shared/content';
import type { JobEvent } from '../shared/types';
import { type Follower, lookWhetherGone } from './follow';
import { Input } from './input';

export interface Conversation {
  send(text: string): void;
  /** No more input. */
  end(): void;
  close(): void;
}

type Message = { number: number; event: JobEvent } | { stdin: number };

const PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5000;

/** Follows the job and sends it input, until it has finished or is gone. */
export function converse(id: string, follower: Follower): Conversation {
  const input = new Input();
  let seen = 0;
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = PAUSE_MS;
  let isOver = false;
  /** The controller has said what it has, so that nothing is sent twice. */
  let isWelcome = false;

  const pump = (): void => {
    if (!isWelcome || socket?.readyState !== WebSocket.OPEN) return;
    for (const piece of input.next()) {
      socket.send(JSON.stringify(piece === 'end' ? { type: 'stdin_end' } : { type: 'stdin', base64: toBase64(piece) }));
    }
  };
  const close = (): void => {
    isOver = true;
    clearTimeout(timer);
    socket?.close();
  };
  const take = (message: Message): void => {
    if ('stdin' in message) {
      input.acknowledge(message.stdin);
      isWelcome = true;
      pump();
    } else if (message.number > seen) {
      seen = message.number;
      if (message.event.type === 'finished') close();
      follower.event(seen, message.event);
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
    close,
  };
}
