/** How a person likes to read logs; kept with the account. */
export type LogOptions = {
  wrap: boolean;
  json: boolean;
  time: 'off' | 'local' | 'utc';
  tail: string;
};

export const DEFAULT_OPTIONS: LogOptions = { wrap: false, json: true, time: 'local', tail: '1000' };
export const TAILS = ['100', '1000', '10000', '100000', 'all'];

export const tailOf = (text: string): number | 'all' => (text === 'all' ? 'all' : Number(text) || 1000);

/** `t` is RFC 3339 with nanoseconds in UTC; shown to the millisecond. */
export function shownTime(t: string, time: LogOptions['time']): string {
  if (time === 'off' || t === '') return '';
  if (time === 'utc') return `${t.slice(5, 10)} ${t.slice(11, 23)}`;
  const date = new Date(t);
  if (Number.isNaN(date.getTime())) return t;
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
