/** Server-sent events that come back by themselves: what is missing after a cut is asked for again. */

import { address, type Query } from './api';

export type Link = 'connecting' | 'open' | 'lost';

export interface Stream {
  close(): void;
}

interface Handlers {
  /** By the event's name; what it gets is the event's JSON, and its id where it has one. */
  on: Record<string, (data: never, id: string) => void>;
  link?: (link: Link) => void;
}

/** The first pause before connecting again; it doubles up to the longest. */
const PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8000;

/** Listens until closed. The browser sends `Last-Event-ID` itself while it reconnects; a refusal ends its own tries, so those are made here. */
export function listen(path: string, { on, link }: Handlers, query?: Query): Stream {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = PAUSE_MS;
  const open = (): void => {
    link?.('connecting');
    const opened = new EventSource(address(path, query));
    source = opened;
    opened.addEventListener('open', () => {
      pause = PAUSE_MS;
      link?.('open');
    });
    opened.addEventListener('error', () => {
      link?.('lost');
      if (opened.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    });
    for (const [name, handle] of Object.entries(on)) {
      opened.addEventListener(name, (event) => {
        const { data, lastEventId } = event as MessageEvent<string>;
        handle(JSON.parse(data) as never, lastEventId);
      });
    }
  };
  open();
  return {
    close() {
      clearTimeout(timer);
      source?.close();
    },
  };
}
