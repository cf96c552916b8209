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

/** kind: 'send' (error is an ApiError) or the status of a reply that did not end well (error is {type, message}). */
export function errorWords(kind, error) {
	if (kind === 'send')
		return error.status === 0 ? `err_${error.code}` : byStatus(error.status);
	const exact = `st_${kind}_${error?.type}`;
	return known(exact) ? exact : `st_${kind}`;
}
