/*
 * event_names - what clients bind. The snake_case ones are those of Laravel's AI packages
 * (reference: chat-backend 3.5); MessageSent is the class name of the system that we replace, as
 * Laravel puts it on the wire.
 */
#ifndef EVENT_NAMES_H
#define EVENT_NAMES_H

#define EVENT_MESSAGE_SENT "App\\Events\\MessageSent"
#define EVENT_MESSAGE_CREATED "message_created"
#define EVENT_MESSAGE_EDITED "message_edited"
#define EVENT_MESSAGE_DELETED "message_deleted"
#define EVENT_CHAT_UPDATED "chat_updated"
#define EVENT_JOB_QUEUED "job_queued"
#define EVENT_STREAM_START "stream_start"
#define EVENT_TEXT_DELTA "text_delta"
#define EVENT_STREAM_END "stream_end"
#define EVENT_ERROR "error"
/* no event: closes sockets (notify_wire) */
#define EVENT_EVICT "evict"
#define EVENT_MESSAGE_RESET "message_reset"

#endif
