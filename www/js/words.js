/*
 * words.js - how a reply ended, in words. Pure: kinds of endings in, i18n keys out. The page speaks the reader's language;
 * the server's own sentence is shown only for an error that we do not know.
 */
import { known } from './i18n.js';

/** {t: key}, or {text} of an error that we do not know. */
export function replyWords(status, error) {
	const exact = `st_${status}_${error?.type}`;
	if (known(exact))
		return { t: exact };
	return status === 'error' && error?.message ? { text: error.message } : { t: `st_${status}` };
}

/** A reply that failed without a word of its own holds the server's sentence about it as its content. */
export const isNotice = (message) => message.error?.message !== undefined && message.error.message === message.content;
