-- The newest keys first, a page at a time.
create index api_key_newest on ebb.api_key (created_at, id);
