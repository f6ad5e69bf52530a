-- Effects that were fenced and begun again, few among millions: what travelled for them was another key
-- than their own, and somebody may hold that in hand.
CREATE INDEX effects_of_later_rounds ON effects (intended_at) WHERE round > 0;
