// A plan in words, and as a graph.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <tenon/eval/common/plan.hpp>

namespace tenon::inline TENON_TARGET {

/// The text of a plan, ready to be printed: `std::cout << explain(e)`.
/// @tparam Plan execution_plan; a parameter, so that the compiler passes over the text where nothing is explained
template <class Plan>
class explanation {
public:
    explicit explanation(Plan p) : plan_(std::move(p)) {}

    Plan const& plan() const { return plan_; }

    /// A line for each kernel: its number and kind, the shapes it reads and writes, its operators in order, the bytes that
    /// it moves, its operations, and the workspace that it takes. The last line has the sums, which for a device count launches.
    std::string text() const {
        std::vector<std::array<std::string, 7>> rows;
        for (auto const& k : plan_)
            rows.push_back({std::to_string(rows.size() + 1),
                            k.kind + (k.gradient ? " gradient" : "") + (k.on_host ? " on the host" : "") +
                                (k.launches == 1 || (k.on_host && k.launches == 0)
                                     ? ""
                                     : " in " + numbered(k.launches, "launch", "es")),
                            shapes(k.reads) + " -> " + shapes(k.writes), joined(k.operators),
                            "reads " + bytes(k.bytes_read) + ", writes " + bytes(k.bytes_written),
                            count(k.operations) + (k.operations == 1 ? " operation" : " operations"),
                            k.workspace + k.scratch == 0 ? "" : "workspace " + bytes(k.workspace + k.scratch)});
        std::array<std::size_t, 7> width{};
        for (auto const& row : rows)
            for (std::size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], row[c].size());
        std::string out;
        for (auto const& row : rows) {
            std::string line;
            for (std::size_t c = 0; c < row.size(); ++c) {
                std::string const blanks(width[c] - row[c].size(), ' ');
                line += c == 0 ? blanks + row[c] : "  " + row[c] + blanks;
            }
            line.erase(line.find_last_not_of(' ') + 1);
            out += line + '\n';
        }
        return out + (plan_.on_device() ? launches() : numbered(plan_.kernel_count(), "kernel")) + ": reads " +
               bytes(plan_.bytes_read()) + ", writes " + bytes(plan_.bytes_written()) + ", " +
               count(plan_.operations()) + " operations, workspace " + bytes(plan_.workspace()) + " in " +
               numbered(plan_.buffer_count(), "buffer");
    }
    operator std::string() const { return text(); }

    /// The kernels and the tensors between them in Graphviz' language: `dot -Tsvg`.
    std::string graphviz() const {
        std::string out = "digraph plan {\n    rankdir=LR;\n    node [shape=box, fontname=\"sans-serif\"];\n";
        std::size_t number = 0, memory = 0;
        auto const name = [](std::size_t kernel) { return "k" + std::to_string(kernel + 1); };
        auto const edge = [](std::string const& from, std::string const& to, auto const& m) {
            return "    " + from + " -> " + to + " [label=\"" + shape(m) + "\"];\n";
        };
        for (auto const& k : plan_) {
            std::string const here = name(number++);
            out += "    " + here + " [label=\"" + std::to_string(number) + ' ' + k.kind +
                   (k.gradient ? " gradient" : "") + "\\n" + joined(k.operators) + "\"" +
                   (k.gradient ? ", style=dashed" : "") + "];\n";
            for (auto const& m : k.reads) {
                for (std::size_t const from : m.from) out += edge(name(from), here, m);
                if (m.from.empty() && m.what != "gradient") {
                    std::string const leaf = "m" + std::to_string(++memory);
                    out += "    " + leaf + " [label=\"" + m.what + "\", shape=ellipse];\n" + edge(leaf, here, m);
                }
            }
        }
        return out + "}\n";
    }

    friend std::ostream& operator<<(std::ostream& out, explanation const& e) { return out << e.text(); }

private:
    static std::string numbered(std::size_t n, std::string const& what, std::string const& ending = "s") {
        return std::to_string(n) + ' ' + what + (n == 1 ? "" : ending);
    }
    std::string launches() const {
        std::size_t const back = plan_.gradient_launches();
        return numbered(plan_.launches(), "launch", "es") +
               (back == 0 ? "" : ", " + std::to_string(back) + " of them backward");
    }
    static std::string shape(planned_memory const& m) {
        std::string s = "[";
        for (std::size_t a = 0; a < m.shape.size(); ++a) s += (a == 0 ? "" : ", ") + std::to_string(m.shape[a]);
        return s + "]";
    }
    /// The shapes, each once.
    static std::string shapes(std::vector<planned_memory> const& all) {
        std::vector<std::string> different;
        for (planned_memory const& m : all)
            if (std::find(different.begin(), different.end(), shape(m)) == different.end())
                different.push_back(shape(m));
        return different.empty() ? "()" : joined(different);
    }
    static std::string joined(std::vector<std::string> const& words) {
        std::string s;
        for (std::string const& w : words) s += (s.empty() ? "" : ", ") + w;
        return s;
    }
    /// Three or four digits and a unit.
    static std::string scaled(std::size_t n, std::size_t step, std::array<char const*, 5> const& units) {
        if (n < 10000) return std::to_string(n) + units[0];
        std::size_t u = 0, whole = n, rest = 0;
        while (whole >= step && u + 1 < units.size()) {
            rest = whole % step * 10 / step;
            whole /= step;
            ++u;
        }
        return std::to_string(whole) + (whole < 100 ? "." + std::to_string(rest) : "") + units[u];
    }
    static std::string bytes(std::size_t n) { return scaled(n, 1024, {" B", " KiB", " MiB", " GiB", " TiB"}); }
    static std::string count(std::size_t n) { return scaled(n, 1000, {"", "k", "M", "G", "T"}); }

    Plan plan_;
};

/// What evaluation of an expression would do, kernel by kernel. Nothing is evaluated.
template <expression A>
auto explain(A const& e) {
    return explanation(plan(e));
}
/// The same of a plan, as `explain(plan_backward(loss))`.
template <std::same_as<execution_plan> Plan>
auto explain(Plan p) {
    return explanation(std::move(p));
}

}  // namespace tenon::inline TENON_TARGET
