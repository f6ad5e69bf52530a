-- Runs that did not end as done are few among millions: they are listed without looking at the rest.
CREATE INDEX runs_ended_otherwise ON runs (id) WHERE state IN ('dead', 'cancelled');
