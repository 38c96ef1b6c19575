// The frame of a C++ program that a Python program asks for measurements, line by line, without a library for it: the
// twin of peers/worker.py, whose requests it answers.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sample.hpp"

namespace worker {

namespace detail {

/// A work whose type is forgotten.
struct any_work {
    virtual ~any_work() = default;
    virtual void run() = 0;
    virtual void wait() = 0;
    virtual std::vector<float> result() = 0;
};
template <class Work>
struct some_work final : any_work {
    Work work;
    void run() override { work.run(); }
    void wait() override { work.wait(); }
    std::vector<float> result() override { return work.result(); }
};

struct side {
    std::string work, name;
    std::function<std::unique_ptr<any_work>()> make;
};
inline std::vector<side>& sides() {
    static std::vector<side> all;
    return all;
}
inline side const& find(std::string_view work, std::string_view name) {
    for (auto const& s : sides())
        if (s.work == work && s.name == name) return s;
    throw std::invalid_argument("no side " + std::string(name) + " of " + std::string(work));
}

/// What follows `"key": ` in a request, a string or a number; requests are flat, and their strings have nothing that
/// JSON escapes.
inline std::string field(std::string_view request, std::string_view key) {
    std::string const label = "\"" + std::string(key) + "\": ";
    auto at = request.find(label);
    if (at == std::string_view::npos) throw std::invalid_argument("a request without " + std::string(key));
    at += label.size();
    bool const quoted = request[at] == '"';
    at += quoted;
    return std::string(request.substr(at, request.find_first_of(quoted ? "\"" : ",}", at) - at));
}

/// The sides of each work that a request names, as JSON.
inline std::string list(std::string_view request) {
    std::string answer = "{";
    for (auto s = sides().begin(); s != sides().end();) {
        auto const last = std::find_if(s, sides().end(), [&](side const& other) { return other.work != s->work; });
        if (request.find("\"" + s->work + "\"") != std::string_view::npos) {
            answer += (answer.size() > 1 ? ", \"" : "\"") + s->work + "\": [";
            for (auto one = s; one != last; ++one) answer += (one == s ? "\"" : ", \"") + one->name + "\"";
            answer += "]";
        }
        s = last;
    }
    return answer + "}";
}

/// Wall and processor seconds of one run, the mean of as many as take `seconds`, as JSON.
inline std::string measure(any_work& w, double seconds) {
    for (std::size_t count = 1;;) {
        auto const wall = std::chrono::steady_clock::now();
        auto const cpu = std::clock();
        for (std::size_t i = 0; i != count; ++i) w.run();
        w.wait();
        double const took = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
        double const n = static_cast<double>(count);
        if (took >= seconds || n > 1e8)
            return "{\"wall\": " + std::to_string(took / n * 1e9) + "e-9, \"cpu\": " +
                   std::to_string(static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC / n * 1e9) + "e-9}";
        count = std::max(count + 1, std::min(10 * count, static_cast<std::size_t>(1.2 * seconds / took * n)));
    }
}

}  // namespace detail

/// Registers one side of a work: a class with `run()`, which does it once or asks for it, `wait()`, which returns when
/// all that was asked for is done, and `result()`, which does it from its start. Sides of a work are registered one
/// after another.
template <class Work>
void add(std::string const& work, std::string const& side) {
    detail::sides().push_back({work, side, [] { return std::make_unique<detail::some_work<Work>>(); }});
}

/// Answers requests until there are no more: `list`, `check` and `time`. A work stays alive until another one is asked
/// for.
inline void serve(std::istream& requests, std::ostream& answers) {
    std::vector<std::pair<std::string, std::unique_ptr<detail::any_work>>> alive;
    std::string alive_name;
    for (std::string line; std::getline(requests, line);) {
        std::string answer = "{}";
        if (std::string const what = detail::field(line, "do"); what == "list") answer = detail::list(line);
        else {
            std::string const name = detail::field(line, "name"), side = detail::field(line, "side");
            if (name != alive_name) {
                alive.clear();
                alive_name = name;
            }
            if (what == "check")
                work::write_sample(detail::find(name, side).make()->result(), detail::field(line, "path"));
            else {
                auto found = std::ranges::find(alive, side, [](auto const& a) { return a.first; });
                if (found == alive.end()) {
                    found = alive.insert(found, {side, detail::find(name, side).make()});
                    for (int i = 0; i != 3; ++i) found->second->run();
                    found->second->wait();
                }
                answer = detail::measure(*found->second, std::stod(detail::field(line, "seconds")));
            }
        }
        answers << answer << std::endl;
    }
}

}  // namespace worker
