/** Does something for each, so many at a time. What fails for one does not keep the others from it. */
export async function inTurns<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<PromiseSettledResult<void>[]> {
  const results: PromiseSettledResult<void>[] = new Array(items.length);
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      [results[at]] = await Promise.allSettled([work(items[at] as T)]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, one));
  return results;
}
