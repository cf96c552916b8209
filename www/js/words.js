/*
 * words.js - which text says what went wrong. Pure: kinds of errors in, i18n keys out. The server's own sentences are for
 * logs and for errors that we do not know; the page speaks the reader's language.
 */
import { known } from './i18n.js';

const byStatus = (status) => {
	if (status >= 502 && status <= 504)
		return 'err_503';
	return known(`err_${status}`) ? `err_${status}` : status >= 500 ? 'err_500' : 'err_400';
};

/** Why a message could not be sent: a key. */
export const sendWords = (error) => (known(`err_${error.code}`) ? `err_${error.code}` : byStatus(error.status));

/** How a reply ended: a key; or, of an error that we do not know, the server's own sentence as {text}. */
export function replyWords(status, error) {
	const exact = `st_${status}_${error?.type}`;
	if (known(exact))
		return { t: exact };
	return status === 'error' && error?.message ? { text: error.message } : { t: `st_${status}` };
}

/** A reply that failed without a word of its own holds the server's sentence about it as its content. */
export const isNotice = (message) => message.error?.message !== undefined && message.error.message === message.content;
