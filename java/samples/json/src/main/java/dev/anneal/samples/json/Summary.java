package dev.anneal.samples.json;

import java.math.BigDecimal;
import java.text.NumberFormat;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.Locale;

/** What the function adds to an order; Jackson writes it by reflection. */
public final class Summary {
    private final String customer;
    private final int pieces;
    private final long cents;
    private final String total;
    private final String placed;

    private Summary(Order order, int pieces, long cents) {
        this.customer = order.getCustomer().toUpperCase(Locale.ROOT);
        this.pieces = pieces;
        this.cents = cents;
        boolean isInWords = !order.language.isEmpty();
        this.total = isInWords ? money(cents, Locale.forLanguageTag(order.language)) : null;
        this.placed = isInWords ? time(order) : null;
    }

    static Summary of(Order order) {
        int pieces = 0;
        long cents = 0;
        for (Order.Line line : order.getLines()) {
            pieces += line.quantity;
            cents += line.quantity * line.cents;
        }
        return new Summary(order, pieces, cents);
    }

    /** In the currency of the customer's country. */
    private static String money(long cents, Locale locale) {
        return NumberFormat.getCurrencyInstance(locale).format(BigDecimal.valueOf(cents, 2));
    }

    private static String time(Order order) {
        return DateTimeFormatter.ofLocalizedDateTime(FormatStyle.FULL)
                .withLocale(Locale.forLanguageTag(order.language))
                .format(Instant.parse(order.placed).atZone(ZoneId.of(order.zone)));
    }

    /**
     * The customer.
     *
     * @return the customer's name in capitals
     */
    public String getCustomer() {
        return customer;
    }

    /**
     * The size of the order.
     *
     * @return how many pieces all lines hold
     */
    public int getPieces() {
        return pieces;
    }

    /**
     * The price of the order.
     *
     * @return the price of all lines
     */
    public long getCents() {
        return cents;
    }

    /**
     * The price in words.
     *
     * @return the price as it is written in the customer's country; null for an order without a language
     */
    public String getTotal() {
        return total;
    }

    /**
     * The time of the order in words.
     *
     * @return the time as it is written in the customer's country, in the customer's zone; null for an order without a language
     */
    public String getPlaced() {
        return placed;
    }
}
