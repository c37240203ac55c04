package dev.anneal.samples.json;

import java.util.ArrayList;
import java.util.List;

/** An order as Jackson reads it. */
public class Order {
    private String customer = "";
    private List<Line> lines = new ArrayList<>();
    /** The customer's language and country as in BCP 47, for example {@code de-DE}; empty if nothing is to be in words. */
    public String language = "";
    /** The customer's time zone, for example {@code Europe/Berlin}. */
    public String zone = "UTC";
    /** When the order was placed, as in ISO 8601. */
    public String placed = "1970-01-01T00:00:00Z";

    /** For Jackson. */
    public Order() {
        // Filled through the setters.
    }

    /**
     * The customer.
     *
     * @return the customer's name
     */
    public String getCustomer() {
        return customer;
    }

    /**
     * Sets the customer.
     *
     * @param customer the customer's name
     */
    public void setCustomer(String customer) {
        this.customer = customer;
    }

    /**
     * What is ordered.
     *
     * @return the lines
     */
    public List<Line> getLines() {
        return lines;
    }

    /**
     * Sets what is ordered.
     *
     * @param lines the lines
     */
    public void setLines(List<Line> lines) {
        this.lines = lines;
    }

    /** One line of an order. */
    public static class Line {
        /** What is ordered. */
        public String item = "";
        /** How many. */
        public int quantity = 1;
        /** The price of one, in cents. */
        public long cents;

        /** For Jackson. */
        public Line() {
            // Filled through the fields.
        }
    }
}
