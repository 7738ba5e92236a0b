/* Answers are kept for a while and shared between the parts of a page (TanStack Query's core, without a framework). */

import { QueryClient, QueryObserver, keepPreviousData, type QueryObserverOptions, type QueryObserverResult } from "@tanstack/query-core";
import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError } from "./client";

export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 300_000,
      // What was refused will be refused again; what was not answered may be.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status < 500),
      retryDelay: (failures) => 500 * 2 ** failures,
    },
  },
});
cache.mount();

interface Asked<T> {
  key: readonly unknown[];
  fetch: (signal: AbortSignal) => Promise<T>;
  enabled?: boolean;
  refetchMs?: number;
}

/** The answer as far as it is there; while a new one is fetched the previous one stays, so that nothing jumps. */
export function useAnswer<T>(asked: Asked<T>): QueryObserverResult<T, Error> {
  const options: QueryObserverOptions<T> = {
    queryKey: asked.key,
    queryFn: ({ signal }) => asked.fetch(signal),
    enabled: asked.enabled ?? true,
    placeholderData: keepPreviousData as never,
    refetchInterval: asked.refetchMs ?? false,
  };
  const observer = useMemo(() => new QueryObserver<T>(cache, options), []);
  const [result, setResult] = useState<QueryObserverResult<T, Error>>(() => observer.getCurrentResult());
  useEffect(() => observer.subscribe(setResult), [observer]);
  const key = JSON.stringify(asked.key);
  useEffect(() => {
    observer.setOptions(options);
    setResult(observer.getCurrentResult());
  }, [observer, key, options.enabled, asked.refetchMs]);
  return result;
}
