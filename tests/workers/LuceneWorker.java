// Answers filters on records over pipes, as workers/serving.py does, by Lucene: queries of Elasticsearch's DSL, made into the Lucene
// queries that Elasticsearch makes of them for keyword, long, double and boolean fields, or query strings of Lucene's own parsers.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.lucene.analysis.core.KeywordAnalyzer;
import org.apache.lucene.document.*;
import org.apache.lucene.index.*;
import org.apache.lucene.queryparser.classic.QueryParser;
import org.apache.lucene.queryparser.flexible.standard.StandardQueryParser;
import org.apache.lucene.queryparser.flexible.standard.config.PointsConfig;
import org.apache.lucene.search.*;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.automaton.Operations;
import org.apache.lucene.util.automaton.RegExp;

public class LuceneWorker {
    enum Type { KEYWORD, LONG, DOUBLE, BOOLEAN }

    static final ObjectMapper JSON = new ObjectMapper();
    static String language = "elasticsearch";
    static String document = "whereql.document";
    static String uri = "whereql.uri";
    static Map<String, Type> types = new HashMap<>();
    static IndexSearcher searcher;

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        IndexSearcher.setMaxClauseCount(1024);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            JsonNode question = JSON.readTree(line);
            ObjectNode answer = JSON.createObjectNode();
            if (question.has("settings")) {
                JsonNode settings = question.get("settings");
                language = settings.path("language").asText(language);
                document = settings.path("document").asText(document);
                uri = settings.path("uri").asText(uri);
                answer.putObject("versions").put("lucene", org.apache.lucene.util.Version.LATEST.toString());
            } else if (question.has("records")) {
                try {
                    load(question.get("records"));
                } catch (Exception error) {
                    answer.put("failed", error.toString());
                }
            } else {
                ArrayNode answers = answer.putArray("answers");
                for (JsonNode filter : question.get("filters")) {
                    try {
                        ArrayNode ids = JSON.createArrayNode();
                        Query query = language.equals("elasticsearch") ? query(filter) : parsed(filter.asText());
                        for (ScoreDoc hit : searcher.search(query, 100_000).scoreDocs) ids.add(searcher.storedFields().document(hit.doc).get("_id"));
                        answers.add(ids);
                    } catch (Exception | StackOverflowError error) {
                        answers.add(error.toString());
                    }
                }
            }
            out.println(JSON.writeValueAsString(answer));
        }
    }

    static void load(JsonNode records) throws Exception {
        types.clear();
        for (JsonNode record : records) {
            for (Map.Entry<String, JsonNode> entry : record.get("metadata").properties()) {
                for (JsonNode value : each(entry.getValue())) {
                    Type type = value.isTextual() ? Type.KEYWORD : value.isBoolean() ? Type.BOOLEAN : value.isIntegralNumber() ? Type.LONG : Type.DOUBLE;
                    types.merge(entry.getKey(), type, (a, b) -> a == b ? a : Type.DOUBLE);
                }
            }
        }
        types.put(document, Type.KEYWORD);
        types.put(uri, Type.KEYWORD);
        ByteBuffersDirectory directory = new ByteBuffersDirectory();
        try (IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig(new KeywordAnalyzer()))) {
            for (JsonNode record : records) {
                Document made = new Document();
                made.add(new StringField("_id", record.get("id").asText(), Field.Store.YES));
                if (!record.get("document").isNull()) put(made, document, record.get("document"));
                if (!record.get("uri").isNull()) put(made, uri, record.get("uri"));
                for (Map.Entry<String, JsonNode> entry : record.get("metadata").properties()) put(made, entry.getKey(), entry.getValue());
                writer.addDocument(made);
            }
        }
        searcher = new IndexSearcher(DirectoryReader.open(directory));
    }

    static List<JsonNode> each(JsonNode value) {
        List<JsonNode> found = new ArrayList<>();
        if (value.isArray()) value.forEach(found::add);
        else if (!value.isObject()) found.add(value);
        return found;
    }

    static void put(Document made, String name, JsonNode value) {
        made.add(new StringField("_field_names", name, Field.Store.NO));
        for (JsonNode item : each(value)) {
            switch (types.get(name)) {
                case KEYWORD -> {
                    if (new BytesRef(item.asText()).length <= IndexWriter.MAX_TERM_LENGTH) made.add(new StringField(name, item.asText(), Field.Store.NO));
                }
                case LONG -> made.add(new LongPoint(name, item.longValue()));
                case DOUBLE -> made.add(new DoublePoint(name, item.doubleValue()));
                case BOOLEAN -> made.add(new StringField(name, language.equals("elasticsearch") ? (item.asBoolean() ? "T" : "F") : item.asText(), Field.Store.NO));
            }
        }
    }

    static Query parsed(String text) throws Exception {
        if (language.equals("classic")) {
            QueryParser parser = new QueryParser("whereql.default", new KeywordAnalyzer());
            parser.setAllowLeadingWildcard(true);
            return parser.parse(text);
        }
        StandardQueryParser parser = new StandardQueryParser(new KeywordAnalyzer());
        parser.setAllowLeadingWildcard(true);
        Map<String, PointsConfig> points = new HashMap<>();
        for (Map.Entry<String, Type> entry : types.entrySet()) {
            if (entry.getValue() == Type.LONG) points.put(entry.getKey(), new PointsConfig(java.text.NumberFormat.getInstance(Locale.ROOT), Long.class));
            if (entry.getValue() == Type.DOUBLE) points.put(entry.getKey(), new PointsConfig(java.text.NumberFormat.getInstance(Locale.ROOT), Double.class));
        }
        parser.setPointsConfigMap(points);
        return parser.parse(text, "whereql.default");
    }

    // Elasticsearch's queries

    static Query query(JsonNode source) {
        Map.Entry<String, JsonNode> entry = only(source);
        JsonNode body = entry.getValue();
        switch (entry.getKey()) {
            case "match_all": return new MatchAllDocsQuery();
            case "match_none": return new MatchNoDocsQuery();
            case "constant_score": return new ConstantScoreQuery(query(body.get("filter")));
            case "bool": return bool(body);
            case "ids": {
                List<BytesRef> ids = new ArrayList<>();
                body.get("values").forEach(value -> ids.add(new BytesRef(value.asText())));
                return new TermInSetQuery("_id", ids);
            }
            case "exists": return new TermQuery(new Term("_field_names", body.get("field").asText()));
            case "terms": return terms(only(body).getKey(), only(body).getValue());
            case "term": {
                JsonNode value = only(body).getValue();
                return terms(only(body).getKey(), JSON.createArrayNode().add(value.isObject() ? value.get("value") : value));
            }
            case "range": return range(only(body).getKey(), only(body).getValue());
        }
        if (!List.of("prefix", "wildcard", "regexp").contains(entry.getKey())) throw new IllegalArgumentException("no query " + entry.getKey());
        String name = only(body).getKey();
        String value = (only(body).getValue().isObject() ? only(body).getValue().get("value") : only(body).getValue()).asText();
        if (types.get(name) != Type.KEYWORD) return new MatchNoDocsQuery();
        switch (entry.getKey()) {
            case "prefix": return new PrefixQuery(new Term(name, value));
            case "wildcard": return new WildcardQuery(new Term(name, value));
            default:
                if (value.length() > 1000) throw new IllegalArgumentException("longer than index.max_regex_length");
                boolean isPlain = only(body).getValue().isObject() && only(body).getValue().path("flags").asText("ALL").equals("NONE");
                return new RegexpQuery(new Term(name, value), isPlain ? RegExp.NONE : RegExp.ALL, 0, Operations.DEFAULT_DETERMINIZE_WORK_LIMIT);
        }
    }

    static Map.Entry<String, JsonNode> only(JsonNode object) {
        if (!object.isObject() || object.size() != 1) throw new IllegalArgumentException("not one name: " + object);
        return object.properties().iterator().next();
    }

    static Query bool(JsonNode body) {
        BooleanQuery.Builder made = new BooleanQuery.Builder();
        int should = 0;
        boolean must = false;
        for (Map.Entry<String, JsonNode> entry : body.properties()) {
            if (entry.getKey().equals("minimum_should_match")) continue;
            BooleanClause.Occur occur = switch (entry.getKey()) {
                case "filter" -> BooleanClause.Occur.FILTER;
                case "must" -> BooleanClause.Occur.MUST;
                case "must_not" -> BooleanClause.Occur.MUST_NOT;
                case "should" -> BooleanClause.Occur.SHOULD;
                default -> throw new IllegalArgumentException("no clause " + entry.getKey());
            };
            for (JsonNode clause : entry.getValue().isArray() ? entry.getValue() : JSON.createArrayNode().add(entry.getValue())) {
                made.add(query(clause), occur);
                should += occur == BooleanClause.Occur.SHOULD ? 1 : 0;
                must |= occur == BooleanClause.Occur.FILTER || occur == BooleanClause.Occur.MUST;
            }
        }
        int least = must || should == 0 ? 0 : 1;
        if (body.has("minimum_should_match")) {
            String asked = body.get("minimum_should_match").asText();
            int number = Integer.parseInt(asked.replace("%", ""));
            if (asked.endsWith("%")) {
                float part = should * number * (1 / 100f);
                least = part < 0 ? should + (int) part : (int) part;
            } else {
                least = number < 0 ? should + number : number;
            }
            least = Math.max(0, least);
        }
        made.setMinimumNumberShouldMatch(least);
        BooleanQuery built = made.build();
        if (built.clauses().isEmpty()) return new MatchAllDocsQuery();
        boolean isOnlyNegative = built.clauses().stream().allMatch(BooleanClause::isProhibited);
        return isOnlyNegative ? made.add(new MatchAllDocsQuery(), BooleanClause.Occur.FILTER).build() : built;
    }

    static Query terms(String name, JsonNode values) {
        Type type = types.get(name);
        if (type == null) return new MatchNoDocsQuery();
        List<BytesRef> terms = new ArrayList<>();
        List<Long> longs = new ArrayList<>();
        List<Double> doubles = new ArrayList<>();
        for (JsonNode value : values) {
            switch (type) {
                case KEYWORD -> terms.add(new BytesRef(value.asText()));
                case BOOLEAN -> {
                    if (!List.of("true", "false", "").contains(value.asText())) throw new IllegalArgumentException("no bool: " + value);
                    terms.add(new BytesRef(value.asText().equals("true") ? "T" : "F"));
                }
                case LONG -> {
                    if (number(value) == Math.rint(number(value))) longs.add(whole(value));
                }
                case DOUBLE -> doubles.add(number(value));
            }
        }
        return switch (type) {
            case LONG -> LongPoint.newSetQuery(name, longs);
            case DOUBLE -> DoublePoint.newSetQuery(name, doubles);
            default -> new TermInSetQuery(name, terms);
        };
    }

    static double number(JsonNode value) {
        return value.isTextual() ? Double.parseDouble(value.asText()) : value.doubleValue();
    }

    static long whole(JsonNode value) {
        if (value.isIntegralNumber() && value.canConvertToLong()) return value.longValue();
        double number = number(value);
        if (number < Long.MIN_VALUE || number > Long.MAX_VALUE) throw new IllegalArgumentException(value + " is out of range for a long");
        return (long) number;
    }

    static Query range(String name, JsonNode bounds) {
        Type type = types.get(name);
        if (type == null) return new MatchNoDocsQuery();
        JsonNode lower = bounds.has("gt") ? bounds.get("gt") : bounds.get("gte");
        JsonNode upper = bounds.has("lt") ? bounds.get("lt") : bounds.get("lte");
        boolean withLower = !bounds.has("gt");
        boolean withUpper = !bounds.has("lt");
        switch (type) {
            case LONG: {
                long from = Long.MIN_VALUE;
                long to = Long.MAX_VALUE;
                if (lower != null) {
                    from = whole(lower);
                    boolean isBroken = number(lower) != Math.rint(number(lower));
                    if (isBroken ? number(lower) > 0 : !withLower) {
                        if (from == Long.MAX_VALUE) return new MatchNoDocsQuery();
                        from++;
                    }
                }
                if (upper != null) {
                    to = whole(upper);
                    boolean isBroken = number(upper) != Math.rint(number(upper));
                    if (isBroken ? number(upper) < 0 : !withUpper) {
                        if (to == Long.MIN_VALUE) return new MatchNoDocsQuery();
                        to--;
                    }
                }
                return LongPoint.newRangeQuery(name, from, to);
            }
            case DOUBLE: {
                double from = lower == null ? Double.NEGATIVE_INFINITY : withLower ? number(lower) : DoublePoint.nextUp(number(lower));
                double to = upper == null ? Double.POSITIVE_INFINITY : withUpper ? number(upper) : DoublePoint.nextDown(number(upper));
                return DoublePoint.newRangeQuery(name, from, to);
            }
            default:
                return TermRangeQuery.newStringRange(name, lower == null ? null : lower.asText(), upper == null ? null : upper.asText(), withLower, withUpper);
        }
    }
}
