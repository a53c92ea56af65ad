package pricing;

import java.util.Map;
import java.util.regex.Pattern;

/** So many seats for an event. */
record Booking(String event, long seats) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,100}");
    private static final Pattern SEATS = Pattern.compile("[1-9][0-9]?|100");

    /** Reads the body of POST /quotes, or says what is wrong with it. */
    static Booking read(byte[] body) throws Problem {
        Map<?, ?> fields = fields(body);
        if (!(fields.get("event") instanceof String event)) {
            throw new Problem(422, "event: a text is wanted");
        }
        name(event);
        // As it was written: 3.0 and 3e0 are no whole numbers here, though they are as much as 3.
        if (!(fields.get("seats") instanceof Json.Number number) || !SEATS.matcher(number.text()).matches()) {
            throw new Problem(422, "seats: a whole number from 1 to 100 is wanted");
        }
        return new Booking(event, Long.parseLong(number.text()));
    }

    /** Returns the name of an event, if it can be one. */
    static String name(String event) throws Problem {
        if (!NAME.matcher(event).matches()) {
            throw new Problem(422, "event: 1 to 100 letters, digits, `_` or `-` are wanted");
        }
        return event;
    }

    private static Map<?, ?> fields(byte[] body) throws Problem {
        try {
            if (Json.read(body) instanceof Map<?, ?> fields) {
                return fields;
            }
        } catch (Json.Malformed malformed) {
            // told below
        }
        throw new Problem(422, "the body: a JSON object is wanted");
    }
}
