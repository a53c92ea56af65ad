package pricing;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** JSON (RFC 8259), as much of it as pricing needs: a reader of any text, and a writer of flat objects. */
final class Json {
    /** A number as it was written. */
    record Number(String text) {}

    /** What was to be read is no JSON. */
    static final class Malformed extends Exception {}

    private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
    private static final int DEEPEST = 500; // each level takes a little of the thread's stack

    private final String text;
    private int at = 0;

    private Json(String text) {
        this.text = text;
    }

    /** Returns a Map, List, String, Number, Boolean, or null. */
    static Object read(byte[] bytes) throws Malformed {
        Json json = new Json(decoded(bytes));
        Object value = json.value(0);
        json.skipSpace();
        if (json.at < json.text.length()) {
            throw new Malformed();
        }
        return value;
    }

    private static String decoded(byte[] bytes) throws Malformed {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException noText) {
            throw new Malformed();
        }
    }

    private Object value(int depth) throws Malformed {
        skipSpace();
        if (depth > DEEPEST || at == text.length()) {
            throw new Malformed();
        }
        return switch (text.charAt(at)) {
            case '{' -> object(depth);
            case '[' -> array(depth);
            case '"' -> string();
            case 't' -> word("true", Boolean.TRUE);
            case 'f' -> word("false", Boolean.FALSE);
            case 'n' -> word("null", null);
            default -> number();
        };
    }

    private Map<String, Object> object(int depth) throws Malformed {
        Map<String, Object> found = new HashMap<>();
        need('{');
        if (isNext('}')) {
            return found;
        }
        do {
            skipSpace();
            String name = string();
            need(':');
            found.put(name, value(depth + 1));
        } while (isNext(','));
        need('}');
        return found;
    }

    private List<Object> array(int depth) throws Malformed {
        List<Object> found = new ArrayList<>();
        need('[');
        if (isNext(']')) {
            return found;
        }
        do {
            found.add(value(depth + 1));
        } while (isNext(','));
        need(']');
        return found;
    }

    private String string() throws Malformed {
        StringBuilder found = new StringBuilder();
        if (next() != '"') {
            throw new Malformed();
        }
        while (true) {
            char letter = next();
            if (letter == '"') {
                return found.toString();
            }
            if (letter < ' ') {
                throw new Malformed();
            }
            found.append(letter == '\\' ? escaped() : letter);
        }
    }

    private char escaped() throws Malformed {
        char letter = next();
        return switch (letter) {
            case '"', '\\', '/' -> letter;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> codeUnit();
            default -> throw new Malformed();
        };
    }

    private char codeUnit() throws Malformed {
        int code = 0;
        for (int digits = 0; digits < 4; digits++) {
            char digit = next();
            if (!HexFormat.isHexDigit(digit)) {
                throw new Malformed();
            }
            code = code * 16 + HexFormat.fromHexDigit(digit);
        }
        return (char) code;
    }

    private Number number() throws Malformed {
        Matcher found = NUMBER.matcher(text).region(at, text.length());
        if (!found.lookingAt()) {
            throw new Malformed();
        }
        at = found.end();
        return new Number(found.group());
    }

    private Object word(String word, Object meaning) throws Malformed {
        if (!text.startsWith(word, at)) {
            throw new Malformed();
        }
        at += word.length();
        return meaning;
    }

    private char next() throws Malformed {
        if (at == text.length()) {
            throw new Malformed();
        }
        return text.charAt(at++);
    }

    private boolean isNext(char wanted) {
        skipSpace();
        boolean found = at < text.length() && text.charAt(at) == wanted;
        if (found) {
            at++;
        }
        return found;
    }

    private void need(char wanted) throws Malformed {
        if (!isNext(wanted)) {
            throw new Malformed();
        }
    }

    private void skipSpace() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    /** Writes an object of texts and numbers, which come as name, value, name, value; in ASCII alone. */
    static String write(Object... fields) {
        StringJoiner found = new StringJoiner(",", "{", "}");
        for (int i = 0; i < fields.length; i += 2) {
            Object value = fields[i + 1];
            found.add(quoted((String) fields[i]) + ":" + (value instanceof String text ? quoted(text) : value));
        }
        return found.toString();
    }

    private static String quoted(String text) {
        StringBuilder found = new StringBuilder("\"");
        for (char letter : text.toCharArray()) {
            if (letter < ' ' || letter > '~' || letter == '"' || letter == '\\') {
                found.append(String.format("\\u%04x", (int) letter));
            } else {
                found.append(letter);
            }
        }
        return found.append('"').toString();
    }
}
