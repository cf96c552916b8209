/* format.js - numbers, bytes and times in the page's language. */
import { language } from './i18n.js';

const number = (options) => new Intl.NumberFormat(language, { useGrouping: 'always', ...options });

export const count = (n) => number({ maximumFractionDigits: 0 }).format(n);
export const rate = (n) => number({ maximumFractionDigits: n < 10 ? 1 : 0 }).format(n);
export const digits = (n) => number({ maximumSignificantDigits: 2 }).format(n);

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

export function bytes(n) {
	let unit = 0;
	for (; n >= 1000 && unit < UNITS.length - 1; unit++)
		n /= 1000;
	return `${number({ maximumFractionDigits: unit > 0 && n < 100 ? 1 : 0 }).format(n)} ${UNITS[unit]}`;
}

const clock = (options) => new Intl.DateTimeFormat(language, { hourCycle: 'h23', ...options });

export const timeOfDay = (ms) => clock({ hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(ms);
export const minutes = (ms) => clock({ hour: '2-digit', minute: '2-digit' }).format(ms);
export const dayAndTime = (ms) => clock({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }).format(ms);
export const day = (ms) => clock({ day: 'numeric', month: 'short' }).format(ms);
