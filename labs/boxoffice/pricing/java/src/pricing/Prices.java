package pricing;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The price list, as the environment has it: PRICES="opening-night=4500 quay-concert=2500". */
final class Prices {
    private static final Pattern ENTRY = Pattern.compile("([A-Za-z0-9_-]{1,100})=([0-9]{1,9})");

    private Prices() {}

    /** Returns the cents a seat, by event. Throws IllegalArgumentException with what cannot be read. */
    static Map<String, Long> read(String text) {
        if (text == null) {
            throw new IllegalArgumentException("PRICES is not set: EVENT=CENTS for each event, parted by spaces");
        }
        Map<String, Long> prices = new HashMap<>();
        if (text.isBlank()) {
            return prices;
        }
        for (String entry : text.strip().split("\\s+")) {
            Matcher parts = ENTRY.matcher(entry);
            if (!parts.matches()) {
                throw new IllegalArgumentException("PRICES: `" + entry + "` is not EVENT=CENTS");
            }
            prices.put(parts.group(1), Long.valueOf(parts.group(2)));
        }
        return prices;
    }
}
