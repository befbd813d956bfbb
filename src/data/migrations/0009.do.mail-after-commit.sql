-- What a subscriber has still to do in the world outside, such as mail: stored with the event's effects, done after the
-- commit, and null when it is done. A delivery that comes again goes on from here.
alter table ebb.inbox add column outstanding jsonb;
